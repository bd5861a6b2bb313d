// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Slack, read with the owner's own session: workspace, users, channels, and messages with their threads.
 *
 * Owns: the order of a run, and the types the files beside it share. They are loaded before this one, in the order of
 * manifest.json, into the same world. None of them knows what is stored, high-water, what is missing, rates and
 * retries; the host knows those.
 *
 * Only reading methods are called, never `conversations.mark`. Slack's timestamps are decimal text; they are compared
 * as two integers. Facts about the site, and how sure they are, stand in README.md.
 */

/** @typedef {import("../sdk/polyfill").Host} Host */
/** @typedef {import("../sdk/polyfill").Outcome} Outcome */
/** @typedef {import("../sdk/polyfill").RecordMessage} RecordMessage */
/** @typedef {import("../sdk/polyfill").Window} Window_ */
/** @typedef {import("../sdk/polyfill").PartitionSnapshot} PartitionSnapshot */
/** @typedef {Record<string, any>} Json */
/** @typedef {{team: string, token: string, url: string | null}} Session */
/**
 * `list`: the name of a list that the answer has to hold to be one. `once`: do not repeat the call.
 * @typedef {{call: (method: string, params?: Record<string, string>, how?: {list?: string, once?: boolean}) => Promise<Json>}} Api
 */
/**
 * One conversation the account is in.
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string | null} latest The newest message; null where Slack does not say.
 * @property {Json | null} info Slack's description, where this run got one.
 * @property {string} status active, archived or closed.
 * @property {boolean} unchanged Slack says that its description is as it was.
 * @property {boolean} settled Nothing can have been said in it since the last run that succeeded.
 */
/**
 * @typedef {object} Survey
 * @property {Json | null} boot The answer of client.userBoot.
 * @property {boolean} bootFailed It was asked for, and did not come.
 * @property {Map<string, Conversation>} conversations
 * @property {boolean} complete Whether nothing can be missing from them.
 * @property {Set<string>} doubtful Channels whose record stands out of the ledger, or could not be made in this run.
 * @property {number} requests What it cost.
 * @property {number | null} listedAt When Slack last listed every conversation, archived ones too; null: not to us.
 * @property {number} now Unix seconds, by the server's clock where it tells.
 */
/**
 * `tried`: those that were asked for by themselves; `complete`: all that are listed are known.
 * @typedef {{names: Map<string, string>, known: Set<string>, met: Set<string>, state: Json | null, tried: Set<string>, complete: boolean}} People
 */
/** @typedef {{since: string | null, until: string | null, pinned: boolean, deep: boolean}} Segment */
/**
 * Windows that touch, read in one go. `pinned`: `until` was named by Slack or the ledger; else it is only a bound.
 * @typedef {{since: string | null, until: string | null, pinned: boolean, segments: Segment[]}} Walk
 */
/** @typedef {{floor: string | null, ceiling: string | null}} Bounds */
/**
 * @typedef {object} Reading
 * @property {Host} host
 * @property {Api} api
 * @property {People} people
 * @property {Bounds} bounds
 * @property {Record<string, number>} versions Of the conversations that were dealt with.
 * @property {Trouble} trouble
 * @property {{left: number}} probes Requests that this run may still look for broken messages with.
 */
/**
 * Threads by what reading them came to: whole, or left open for another run.
 * @typedef {{groups: string[], holes: string[]}} Taken
 */

polyfill(async (host) => {
  try {
    await collect(host);
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    throw host.fail(error.passing ? "source_unavailable" : "source_refused", error.message, error.hint, error.passing);
  }
});

/** @param {Host} host */
async function collect(host) {
  host.slowDown(asksForPause);
  const session = await openSession(host);
  const api = slackApi(host, session);
  const survey = await lookAround(host, api);
  await collectWorkspace(host, session, survey);
  await collectChannels(host, survey);
  const people = await collectUsers(host, api, survey);
  await announce(host, survey, people);
  const versions = await collectMessages(host, api, survey, people);
  await lookUpAuthors(host, api, people);
  await remember(host, session, survey, people, versions);
}
