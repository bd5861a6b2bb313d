// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * A MediaWiki, read with the owner's own session: what they wrote, their pages and the talk there, what they watch, what
 * they uploaded.
 *
 * Owns: the order of a run, and the types the files beside it share. They are loaded before this one, in the order of
 * manifest.json, into the same world. None of them knows what is stored, what is missing, rates and retries; the host knows
 * those. It only reads: no action but `query` is called.
 */

/** @typedef {import("../sdk/polyfill").Host} Host */
/** @typedef {import("../sdk/polyfill").Outcome} Outcome */
/** @typedef {import("../sdk/polyfill").Window} Window_ */
/** @typedef {Record<string, any>} Json */
/** @typedef {{floor: string | null, ceiling: string | null}} Bounds */
/** @typedef {{since: string | null, until: string | null}} Span */
/**
 * Who this is and where. `newest`: the highest number of a revision that is known; `arrived`: pages where one above the last
 * run's turned up; `renamed`: the account goes by another name than in the last run; `now`: the wiki's clock, in seconds;
 * `logged`: what its log held of the last minute.
 * @typedef {{id: string, name: string, general: Json, namespaces: Json, now: number, logged: number[], newest: number, arrived: Set<string>, renamed: boolean}} Survey
 */
/** @typedef {{id: string, title: string, last: number, touched: string}} Page */
/**
 * One history that is read newest first. `ask`: from a time on, or from the newest.
 * @typedef {object} Chronicle
 * @property {Host} host
 * @property {string} stream
 * @property {string} partition
 * @property {Bounds} bounds
 * @property {(start: string | undefined) => import("../sdk/polyfill").Pages<Json>} ask
 * @property {(answer: Json) => any[]} listOf
 * @property {(item: any) => any} recordOf
 */
/** @typedef {{host: Host, api: Api, survey: Survey, memory: Memory, bounds: Bounds}} Reading */

polyfill(async (host) => {
  host.slowDown(asksForPause);
  const address = apiAddress();
  if (address === null) {
    throw host.fail("not_a_wiki", "This page names no api.php: it is no page of a MediaWiki, or of one without an API.", "manual_action_required");
  }
  try {
    await collect(host, new Api(host, address));
  } catch (error) {
    if (!(error instanceof WikiError)) throw error;
    const code = error.passing ? "source_unavailable" : "source_refused";
    throw host.fail(code, error.message, error.passing ? "retry_by_runtime" : "unknown", error.passing);
  }
});

/** @param {Host} host @param {Api} api */
async function collect(host, api) {
  const survey = await lookAround(host, api);
  await collectWiki(host, survey);
  await collectContributions(host, api, survey);
  await collectLists(host, api, survey);
  await collectRevisions(host, api, survey);
}

/** @param {Host} host @param {Survey} survey */
async function collectWiki(host, { id, name, general }) {
  if (!host.scope("wiki")) return;
  const data = { id: String(general.wikiid ?? "wiki"), name: general.sitename ?? null, address: general.base ?? null };
  const more = { generator: general.generator ?? null, language: general.lang ?? null, account_id: id, account_name: name };
  await host.emit({ stream: "wiki", key: data.id, data: { ...data, ...more } });
}
