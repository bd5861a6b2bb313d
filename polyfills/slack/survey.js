// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * What there is: the conversations of this account, what is known of each, and whether that is all of them.
 *
 * Owns: which requests it takes to know, and as few of them as possible. Must not know: messages, people.
 */

/** Idle runs stay within this many API requests, however large the workspace. */
const IDLE_REQUESTS = 3;
/** Conversations `client.userBoot` names at most; in a larger workspace a batch of `genericInfo` says more. */
const BOOT_CAP = 200;
const WORKSPACE_STALE = 7 * 86_400;
/** Seconds after which all conversations are listed again: one that came and was archived since is counted nowhere. */
const LISTING_STALE = 7 * 86_400;
/** Seconds that two clocks may differ by. */
const CLOCK_SLACK = 3_600;
/** Slack's way to say "no message". */
const NEVER = "0000000000.000000";

/**
 * What exists now and when each conversation last moved, from as few requests as it takes. A plain run asks for counts
 * and boot. Where that leaves questions open (conversations that are no longer counted, more of them than the boot
 * names), one batch of `genericInfo` answers for all of them, and takes the boot's place.
 * @param {Host} host @param {Api} api @returns {Promise<Survey>}
 */
async function lookAround(host, api) {
  /** @type {Survey} */
  const survey = {
    boot: null,
    bootFailed: false,
    conversations: new Map(),
    complete: true,
    doubtful: new Set(),
    requests: 0,
    listedAt: listedBefore(host),
    now: Date.now() / 1000,
  };
  const [channels, messages] = [host.scope("channels"), host.scope("messages")];
  const wanted = wantedIds(host);
  if (channels) for (const { key } of await host.exceptions("channels")) survey.doubtful.add(key);
  const counted = (channels || messages) && !(await count(host, api, survey));
  const known = knownPartitions(host).filter(
    ([id, entry]) => entry.status !== "retired" && (!wanted || wanted.has(id)),
  );
  const listing = listingIsDue(host, survey);
  const open = known.some(([id]) => !survey.conversations.has(id)) || survey.conversations.size > BOOT_CAP;
  const batch = !listing && channels !== undefined && (open || survey.doubtful.size > 0);
  const named = channels !== undefined && !wanted;
  const booting = host.scope("workspace") ? !batch || workspaceIsStale(host, survey) : named && !batch;
  const unanswered = booting ? await boot(host, api, survey) : null;
  if (!channels && !messages) return survey;
  if (!wanted && (!counted || listing)) await listConversations(host, api, survey, !!counted);
  await describeRest(host, api, survey, { known: new Map(known), wanted, batch: batch || (named && unanswered !== null) });
  if (!counted) addKnown(survey, known);
  if (wanted) for (const id of survey.conversations.keys()) if (!wanted.has(id)) survey.conversations.delete(id);
  return survey;
}

/** The conversations that may be looked at, or null for all. @param {Host} host @returns {Set<string> | null} */
function wantedIds(host) {
  const scopes = [host.scope("channels"), host.scope("messages")].filter((scope) => scope !== undefined);
  if (scopes.some((scope) => !scope.resources)) return null;
  return new Set(scopes.flatMap((scope) => scope.resources ?? []));
}

/**
 * What earlier runs knew: the messages' partitions, or, where only channels are collected, their versions.
 * @param {Host} host @returns {[string, PartitionSnapshot][]}
 */
function knownPartitions(host) {
  if (host.scope("messages")) return Object.entries(host.start.state?.messages?.partitions ?? {});
  const versions = Object.keys(/** @type {any} */ (host.start.state?.channels?.updated) ?? {});
  return versions.map((id) => [id, { high_water: null, covered: [], status: "present" }]);
}

/** @param {Host} host */
const isFull = (host) => host.start.collection_mode === "full_refresh";

/**
 * The `updated` of each conversation when a run last succeeded.
 * @param {Host} host @returns {Record<string, number>}
 */
const knownVersions = (host) => (isFull(host) ? {} : (/** @type {any} */ (host.start.state?.channels?.updated) ?? {}));

/** Whether what was read then is due again. A time to come is no time at which it was read. @param {any} at @param {number} now @param {number} after */
const isStale = (at, now, after) => typeof at !== "number" || now - at >= after || at - now > CLOCK_SLACK;

/** @param {Host} host @param {Survey} survey */
function workspaceIsStale(host, survey) {
  const read = /** @type {any} */ (host.start.state?.workspace)?.fetched_at;
  return isStale(read, survey.now, WORKSPACE_STALE);
}

/** @param {Survey} survey @param {string} id @returns {Conversation} */
function conversation(survey, id) {
  const known = survey.conversations.get(id);
  if (known) return known;
  const found = { id, latest: null, info: null, status: "active", unchanged: false, settled: false };
  survey.conversations.set(id, found);
  return found;
}

/**
 * A question of the survey. Slack refusing it costs detail, not the run.
 * @param {Host} host @param {string} what @param {() => Promise<void>} ask @returns {Promise<SlackError | null>}
 */
async function attempt(host, what, ask) {
  try {
    await ask();
    return null;
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    await host.progress(`Slack does not answer for ${what} (${error.code}); going on without it`);
    return error;
  }
}

/**
 * Which conversations there are, and the newest message of each. Where Slack does not count, it is asked whether it is
 * there at all. @param {Host} host @param {Api} api @param {Survey} survey
 */
async function count(host, api, survey) {
  const failed = await attempt(host, "its counts", async () => {
    const counts = await api.call("client.counts", {
      thread_counts_by_channel: "true",
      org_wide_aware: "true",
      include_file_channels: "true",
    });
    survey.requests += 1;
    const lists = [counts.channels, counts.mpims, counts.ims];
    if (!lists.some(Array.isArray)) throw new SlackError("client.counts", "unreadable", true);
    for (const list of lists) {
      for (const entry of itemsOf(survey, list)) conversation(survey, entry.id).latest = latestOf(entry.latest ?? NEVER);
    }
    // The server's clock: a run that is replayed later decides as it did when it was recorded.
    if (Number(counts.counts_last_fetched) > 0) survey.now = Number(counts.counts_last_fetched);
  });
  if (failed?.passing && !(await answers(host, api)))
    throw host.fail("source_unavailable", `Slack does not answer (${failed.code}).`, failed.hint, true);
  return failed;
}

/**
 * The conversations of a list that can be told from one another. One that cannot may be any: then nobody is missing.
 * @param {Survey} survey @param {any} list @returns {Json[]}
 */
function itemsOf(survey, list) {
  const items = Array.isArray(list) ? list : [];
  const told = items.filter((item) => typeof item?.id === "string" && /^.{1,255}$/.test(item.id));
  if (told.length < items.length || (list !== undefined && !Array.isArray(list))) survey.complete = false;
  return told;
}

/** The newest message as Slack tells of it; null where it cannot be read. @param {any} latest */
const latestOf = (latest) => tsIn(latest) ?? tsIn(latest?.ts) ?? null;

/**
 * The workspace, the account, and up to 200 conversations by name.
 * @param {Host} host @param {Api} api @param {Survey} survey
 */
async function boot(host, api, survey) {
  const failed = await attempt(host, "the workspace as a whole", async () => {
    const answer = await api.call("client.userBoot", {
      version_all_channels: "false",
      return_all_relevant_mpdms: "true",
      _x_reason: "initial-data",
    });
    survey.requests += 1;
    survey.boot = answer;
    // Not all of them are here anyway: one that is odd says nothing of what is missing.
    const part = { ...survey };
    for (const info of itemsOf(part, answer.channels)) describe(survey, info);
    for (const info of itemsOf(part, answer.ims)) describe(survey, { ...info, is_im: true });
  });
  survey.bootFailed = failed !== null;
  if (failed && host.scope("workspace"))
    await host.skip({ stream: "workspace", reason: failed.code, recovery_hint: failed.hint });
  return failed;
}

/**
 * Every conversation the account is in, archived ones too, which Slack counts nowhere. Kind by kind: mixed lists are
 * known to come in many near-empty pages.
 * @param {Host} host @param {Api} api @param {Survey} survey @param {boolean} counted
 */
async function listConversations(host, api, survey, counted) {
  survey.listedAt = survey.now;
  const stream = host.scope("channels") ? "channels" : "messages";
  for (const types of ["public_channel", "private_channel", "mpim", "im"]) {
    const params = { types, limit: String(LIST_PAGE), exclude_archived: "false" };
    const pages = listPages(host, api, "users.conversations", params, { list: "channels", stream });
    const failed = await attempt(host, `conversations of kind ${types}`, async () => {
      for await (const page of pages) for (const info of itemsOf(survey, page.channels)) describe(survey, info);
    });
    const whole = pages.ended === "end";
    if (!whole && !counted) survey.complete = false;
    if (failed?.passing) await host.skip({ stream, reason: failed.code, recovery_hint: failed.hint });
    if (failed ? failed.passing : !whole) survey.listedAt = null;
  }
}

/** Where Slack neither counts nor describes them, what earlier runs knew is still there to be asked for. @param {Survey} survey @param {[string, PartitionSnapshot][]} known */
function addKnown(survey, known) {
  for (const [id, { status }] of known) if (status === "present" && !survey.complete) conversation(survey, id);
}

/** When every conversation was last listed, whichever stream it was remembered with. @param {Host} host */
function listedBefore(host) {
  const kept = [host.start.state?.channels, host.start.state?.messages?.cursor];
  const times = kept.map((one) => /** @type {any} */ (one)?.listed_at).filter((time) => typeof time === "number");
  return times.length ? Math.max(...times) : null;
}

/**
 * Whether to ask for every conversation: what was archived before anybody counted it is found no other way. Only a run
 * over everything settles it; one over chosen resources knows some partitions and leaves the rest to be found.
 * @param {Host} host @param {Survey} survey
 */
function listingIsDue(host, survey) {
  return isFull(host) || isStale(survey.listedAt, survey.now, LISTING_STALE);
}

/**
 * One batch for what is still open. `batch`: for everything, so that what changed anywhere is seen. Otherwise only for
 * present partitions that are no longer counted and for conversations that nobody named. Missing ones ride along; they
 * never cause a request.
 * @param {Host} host @param {Api} api @param {Survey} survey
 * @param {{known: Map<string, PartitionSnapshot>, wanted: Set<string> | null, batch: boolean}} open
 */
async function describeRest(host, api, survey, { known, wanted, batch }) {
  const here = [...survey.conversations.values()].filter(({ id }) => !wanted || wanted.has(id));
  const absent = [...known.keys(), ...(wanted ?? [])].filter((id) => !survey.conversations.has(id));
  const urgent =
    absent.some((id) => known.get(id)?.status !== "missing") ||
    here.some((found) => !found.info && (!known.get(found.id)?.label || host.scope("channels")?.resources));
  if (!urgent && !batch) return;
  const versions = knownVersions(host);
  const since = (/** @type {string} */ id) => (survey.doubtful.has(id) || !known.has(id) ? 0 : (versions[id] ?? 0));
  const asked = [...new Set([...absent, ...here.filter((found) => !found.info).map(({ id }) => id)])].sort();
  const failed = await attempt(host, `${asked.length} conversations by id`, async () => {
    const updated = Object.fromEntries(asked.map((id) => [id, since(id)]));
    const answer = await api.call("conversations.genericInfo", { updated_channels: JSON.stringify(updated) });
    survey.requests += 1;
    const said = { complete: true };
    for (const info of itemsOf(/** @type {any} */ (said), answer.channels ?? null)) describe(survey, info);
    for (const { id } of itemsOf(/** @type {any} */ (said), idsAsItems(answer.unchanged_channel_ids)))
      unchanged(survey, id, known.get(id));
    if (!said.complete && absent.length > 0) survey.complete = false;
  });
  if (failed && absent.length > 0) survey.complete = false;
  if (failed && batch)
    await host.skip({ stream: "channels", reason: failed.code, count: asked.length, recovery_hint: failed.hint });
}

/** @param {any} ids */
const idsAsItems = (ids) => (Array.isArray(ids) ? ids.map((id) => ({ id })) : ids);

/** @param {Survey} survey @param {Json} info */
function describe(survey, info) {
  if (isLeft(info)) return;
  const found = conversation(survey, info.id);
  found.info = { ...found.info, ...info };
  found.latest ??= latestOf(info.latest);
  if (found.latest === null || info.is_archived)
    found.status = info.is_archived ? "archived" : info.is_open === false ? "closed" : "active";
}

/** @param {Survey} survey @param {string} id @param {PartitionSnapshot | undefined} before */
function unchanged(survey, id, before) {
  const found = conversation(survey, id);
  found.unchanged = true;
  if (found.latest === null) found.status = before?.source_status ?? "active";
}

/**
 * A public channel can be read without being in it; one the account left is no longer among its own.
 * @param {Json} info
 */
const isLeft = (info) => info.is_member === false && !info.is_im && !info.is_mpim;
