// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Slack, read with the owner's own session: workspace, users, channels, and messages with their threads.
 *
 * Owns: where the session's token is, Slack's methods and their errors, which requests a run needs, the shape of the
 * records. Must not know: what is stored, high-water, what is missing, rates and retries; the host knows those.
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
/** @typedef {{call: (method: string, params?: Record<string, string>) => Promise<Json>}} Api */
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
 * @property {Map<string, Conversation>} conversations
 * @property {boolean} complete Whether nothing can be missing from them.
 * @property {number} requests What it cost.
 * @property {number | null} listedAt When Slack last listed every conversation, archived ones too; null: not to us.
 * @property {number} now Unix seconds, by the server's clock where it tells.
 */
/** @typedef {{names: Map<string, string>, known: Set<string>, met: Set<string>, state: Json | null}} People */
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
 * @property {number} failures Conversations in a row that Slack could not answer for.
 */
/**
 * Threads by what reading them came to: whole, or left open for another run.
 * @typedef {{groups: string[], holes: string[]}} Taken
 */

/** Messages asked for at a time: Slack advises at most 200, and large thread pages are known to fail. */
const MESSAGES_PAGE = 200;
/** People and conversations asked for at a time; Slack allows fewer than 1,000. */
const LIST_PAGE = 500;
/** Idle runs stay within this many API requests, however large the workspace. */
const IDLE_REQUESTS = 3;
/** Conversations `client.userBoot` names at most; in a larger workspace a batch of `genericInfo` says more. */
const BOOT_CAP = 200;
/** Seconds after which people are read again where that takes several pages, and the workspace's own record. */
const USERS_STALE = 86_400;
const WORKSPACE_STALE = 7 * 86_400;
/** Seconds after which all conversations are listed again: one that came and was archived since is counted nowhere. */
const LISTING_STALE = 7 * 86_400;
/** Authors nobody listed (guests of shared channels, say) looked up one by one in a run. */
const LOOKUPS = 50;
/** User ids remembered between runs, so that an unknown author is noticed; beyond it, the daily reading must do. */
const REMEMBERED_USERS = 5_000;
/** Conversations read at the same time. The host paces requests; this only hides latency. */
const CONCURRENCY = 3;
/** Conversations in a row that Slack could not answer before the run gives up. */
const FAILURES_IN_A_ROW = 3;
/** Times a call is sent when Slack answers 200 with a passing trouble; the host retries 429 and 5xx itself. */
const ATTEMPTS = 3;
/** Pages in a row that bring nothing new before a walk is given up: filters leave some empty, not this many. */
const BARREN_PAGES = 20;
const RETRY_MS = 1_000;
/** The client stores its token while it boots: look this often, ask elsewhere after a while, give up after a minute. */
const TOKEN_POLL_MS = 250;
const TOKEN_FALLBACK_MS = 4_000;
const TOKEN_LIMIT_MS = 60_000;
/** Slack's way to say "no message". */
const NEVER = "0000000000.000000";
const APP = "https://app.slack.com";

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

// ---------------------------------------------------------------- session

/** @param {Host} host @returns {Promise<Session>} */
async function openSession(host) {
  const remembered = /** @type {string | undefined} */ (host.start.state?.workspace?.team_id);
  let asked = false;
  for (let waited = 0; waited <= TOKEN_LIMIT_MS; waited += TOKEN_POLL_MS) {
    const late = waited >= TOKEN_FALLBACK_MS;
    const session = sessionFromStorage(remembered, late) ?? sessionFromPage(remembered);
    if (session) return session;
    if (late && !asked) {
      asked = true;
      const answered = await sessionFromServer(host, remembered);
      if (answered) return answered;
      if (await isSignedOut(host)) throw signedOut(host);
    }
    await host.sleep(TOKEN_POLL_MS);
  }
  throw host.fail(
    "token_not_found",
    "Signed in to Slack, but its web client shows no session token.",
    "manual_action_required",
  );
}

/** The workspace the page shows; the last active one may be another. */
function teamInPath() {
  return /^\/client\/([TE][A-Z0-9]+)/.exec(location.pathname)?.[1];
}

/** The client's stored configuration, whichever version of it is there. @returns {Json} */
function storedConfig() {
  for (const key of ["localConfig_v2", "localConfig_v3"]) {
    try {
      const config = JSON.parse(localStorage.getItem(key) ?? "null");
      if (config?.teams || config?.prevTeams) return config;
    } catch {
      continue;
    }
  }
  return {};
}

/**
 * What is stored of a workspace, even where its token is not.
 * @param {string | undefined} team @returns {Json | undefined}
 */
function storedTeam(team) {
  const config = storedConfig();
  return team === undefined ? undefined : (config.teams?.[team] ?? config.prevTeams?.[team]);
}

/** @param {string | undefined} remembered @param {boolean} late @returns {Session | null} */
function sessionFromStorage(remembered, late) {
  const config = storedConfig();
  const teams = Object.values(config.teams ?? {}).filter((team) => team?.token);
  const fallback = teams.length === 1 ? teams[0].id : late ? config.lastActiveTeamId : undefined;
  const wanted = remembered ?? teamInPath() ?? fallback;
  const found = teams.find((team) => team.id === wanted);
  return found ? sessionOf(found.id, found.token) : null;
}

/** Older pages carry the token in an inline script. @param {string | undefined} remembered @returns {Session | null} */
function sessionFromPage(remembered) {
  const team = remembered ?? teamInPath();
  if (!team) return null;
  for (const script of document.querySelectorAll("script:not([src])")) {
    const token = tokenIn(script.textContent ?? "");
    if (token && (script.textContent ?? "").includes(team)) return sessionOf(team, token);
  }
  return null;
}

/**
 * Newer clients keep the token in memory only; two pages of Slack's own hand it out again.
 * @param {Host} host @param {string | undefined} remembered
 */
async function sessionFromServer(host, remembered) {
  const team = remembered ?? teamInPath() ?? storedConfig().lastActiveTeamId;
  if (!team) return null;
  const query = new URLSearchParams({
    app: "client",
    response_type: "json",
    return_to: `/client/${team}`,
    teams: team,
  });
  const auth = await tryRequest(host, `${APP}/auth?${query}`);
  const granted = auth?.json?.teams?.[team]?.token;
  if (granted) return sessionOf(team, granted, auth?.json?.teams?.[team]?.url);
  const url = storedTeam(team)?.url;
  const redirect = url ? await tryRequest(host, `${url}ssb/redirect`) : null;
  const token = tokenIn(redirect?.text ?? "");
  return token ? sessionOf(team, token) : null;
}

/** @param {string} team @param {string} token @param {string} [url] @returns {Session} */
function sessionOf(team, token, url) {
  const known = storedTeam(team);
  return { team, token, url: url ?? known?.url ?? (known?.domain ? `https://${known.domain}.slack.com/` : null) };
}

/** @param {string} text */
function tokenIn(text) {
  return /"?api_token"?\s*:\s*"(xoxc-[^"]+)"/.exec(text)?.[1];
}

/** No token is no proof of being signed out; Slack's front page says it for certain. @param {Host} host */
async function isSignedOut(host) {
  const front = await tryRequest(host, `${APP}/`);
  return front !== null && (isSignIn(front.url) || /num_signed_in_users\D{1,4}0\b/.test(front.text));
}

/** @param {string} url */
const isSignIn = (url) =>
  /^https:\/\/[^/]*slack\.com\/(workspace-)?signin|^https:\/\/[^/]*slack\.com\/get-started/.test(url);

/** @param {Host} host */
const signedOut = (host) => host.fail("signed_out", "Slack no longer accepts this session.", "refresh_credentials");

/** @param {Host} host @param {string} url @returns {Promise<Outcome | null>} */
async function tryRequest(host, url) {
  try {
    return await host.request(url);
  } catch {
    return null;
  }
}

// ---------------------------------------------------------------- API

const REAUTH = new Set([
  "not_authed",
  "invalid_auth",
  "token_revoked",
  "token_expired",
  "account_inactive",
  "two_factor_setup_required",
]);
const PASSING = new Set(["ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"]);

/** A method that Slack refused, for a reason other than the session. `code` is Slack's own, or one of ours. */
class SlackError extends Error {
  /** @param {string} method @param {string} code @param {boolean} passing Worth trying again later. */
  constructor(method, code, passing = false) {
    super(`${method}: ${code}`);
    this.name = "SlackError";
    this.code = code;
    this.passing = passing;
    this.hint = passing ? "retry_by_runtime" : "upstream_unblock";
  }
}

/**
 * Slack's API as its web client calls it. The workspace's own host answers credentialed requests of app.slack.com when
 * `_x_gantry` is set; where it does not, app.slack.com offers the same methods.
 * @param {Host} host @param {Session} session @returns {Api}
 */
function slackApi(host, session) {
  const bases = session.url ? [session.url, `${APP}/`] : [`${APP}/`];
  let settled = bases.length === 1;
  let calls = 0;

  /** @param {string} method @param {Record<string, string>} params */
  async function send(method, params) {
    const query = new URLSearchParams({
      _x_id: `noversion-${Date.now()}.${++calls}`,
      slack_route: session.team,
      _x_gantry: "true",
    });
    const body = { token: session.token, ...params, _x_mode: "online", _x_sonic: "true", _x_app_name: "client" };
    for (;;) {
      try {
        const attempts = settled ? undefined : 1;
        const outcome = await host.request(`${bases[0]}api/${method}?${query}`, {
          method: "POST",
          body,
          endpoint: method,
          attempts,
        });
        settled = true;
        return outcome;
      } catch (error) {
        if (settled) throw error;
        settled = true;
        bases.shift();
      }
    }
  }

  /** @param {string} method @param {Record<string, string>} [params] @returns {Promise<Json>} */
  async function call(method, params = {}) {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await send(method, params);
      if (outcome.json?.ok === true) return outcome.json;
      const code = errorOf(outcome);
      if (REAUTH.has(code)) throw signedOut(host);
      const passing = PASSING.has(code);
      if (!passing || attempt >= ATTEMPTS || !outcome.ok) throw new SlackError(method, code, passing);
      await host.sleep(retryDelay(outcome, attempt));
    }
  }

  return { call };
}

/** One word for what went wrong; answers that are no JSON are named after what they mean. @param {Outcome} outcome */
function errorOf(outcome) {
  if (outcome.status === 429) return "ratelimited";
  if (typeof outcome.json?.error === "string") return outcome.json.error;
  if (outcome.status === 401 || outcome.status === 403 || isSignIn(outcome.url)) return "not_authed";
  return "service_unavailable";
}

/** @param {Outcome} outcome @param {number} attempt */
function retryDelay(outcome, attempt) {
  const told = Number(outcome.headers["retry-after"]);
  return told > 0 ? told * 1000 : RETRY_MS * attempt;
}

/**
 * Every page of a list method, following cursors to their end; short and empty pages are no end.
 * @param {Api} api @param {string} method @param {Record<string, string>} params
 */
async function* pages(api, method, params) {
  let cursor = "";
  for (let repeated = 0; repeated <= BARREN_PAGES;) {
    const page = await api.call(method, cursor ? { ...params, cursor } : params);
    yield page;
    const next = page.response_metadata?.next_cursor ?? "";
    if (!next) return;
    repeated = next === cursor ? repeated + 1 : 0;
    cursor = next;
  }
  throw new SlackError(method, "paging_stalled", true);
}

// ---------------------------------------------------------------- what is there

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
    conversations: new Map(),
    complete: true,
    requests: 0,
    listedAt: /** @type {any} */ (host.start.state?.channels)?.listed_at ?? null,
    now: Date.now() / 1000,
  };
  const [channels, messages] = [host.scope("channels"), host.scope("messages")];
  const wanted = wantedIds(host);
  const counted = (channels || messages) && !(await count(host, api, survey));
  const known = knownPartitions(host).filter(
    ([id, entry]) => entry.status !== "retired" && (!wanted || wanted.has(id)),
  );
  const listing = listingIsDue(host, survey);
  const open = known.some(([id]) => !survey.conversations.has(id)) || survey.conversations.size > BOOT_CAP;
  const batch = !listing && channels !== undefined && open;
  const named = channels !== undefined && !wanted;
  const booting = host.scope("workspace") ? !batch || workspaceIsStale(host, survey) : named && !batch;
  if (booting) await boot(host, api, survey);
  if (!channels && !messages) return survey;
  if (!wanted && (!counted || listing)) await listConversations(host, api, survey, !!counted);
  await describeRest(host, api, survey, { known: new Map(known), wanted, batch });
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

/** @param {Host} host @param {Survey} survey */
function workspaceIsStale(host, survey) {
  const read = /** @type {any} */ (host.start.state?.workspace)?.fetched_at;
  return typeof read !== "number" || survey.now - read >= WORKSPACE_STALE;
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
 * Which conversations there are, and the newest message of each.
 * @param {Host} host @param {Api} api @param {Survey} survey
 */
function count(host, api, survey) {
  return attempt(host, "its counts", async () => {
    const counts = await api.call("client.counts", {
      thread_counts_by_channel: "true",
      org_wide_aware: "true",
      include_file_channels: "true",
    });
    survey.requests += 1;
    for (const entry of [...(counts.channels ?? []), ...(counts.mpims ?? []), ...(counts.ims ?? [])]) {
      conversation(survey, entry.id).latest = entry.latest ?? NEVER;
    }
    // The server's clock: a run that is replayed later decides as it did when it was recorded.
    if (Number(counts.counts_last_fetched) > 0) survey.now = Number(counts.counts_last_fetched);
  });
}

/**
 * The workspace, the account, and up to 200 conversations by name.
 * @param {Host} host @param {Api} api @param {Survey} survey
 */
function boot(host, api, survey) {
  return attempt(host, "the workspace as a whole", async () => {
    const answer = await api.call("client.userBoot", {
      version_all_channels: "false",
      return_all_relevant_mpdms: "true",
      _x_reason: "initial-data",
    });
    survey.requests += 1;
    survey.boot = answer;
    for (const info of answer.channels ?? []) describe(survey, info);
    for (const info of answer.ims ?? []) describe(survey, { ...info, is_im: true });
  });
}

/**
 * Every conversation the account is in, archived ones too, which Slack counts nowhere. Kind by kind: mixed lists are
 * known to come in many near-empty pages.
 * @param {Host} host @param {Api} api @param {Survey} survey @param {boolean} counted
 */
async function listConversations(host, api, survey, counted) {
  survey.listedAt = survey.now;
  for (const types of ["public_channel", "private_channel", "mpim", "im"]) {
    const params = { types, limit: String(LIST_PAGE), exclude_archived: "false" };
    const failed = await attempt(host, `conversations of kind ${types}`, async () => {
      for await (const page of pages(api, "users.conversations", params))
        for (const info of page.channels ?? []) describe(survey, info);
    });
    if (failed && !counted) survey.complete = false;
    if (failed?.passing) survey.listedAt = null;
  }
}

/**
 * Whether to ask for every conversation: what was archived before anybody counted it is found no other way. Only a run
 * over everything settles it; one over chosen resources knows some partitions and leaves the rest to be found.
 * @param {Host} host @param {Survey} survey
 */
function listingIsDue(host, survey) {
  const { listedAt } = survey;
  return isFull(host) || listedAt === null || survey.now - listedAt >= LISTING_STALE;
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
  const asked = [...new Set([...absent, ...here.filter((found) => !found.info).map(({ id }) => id)])].sort();
  const failed = await attempt(host, `${asked.length} conversations by id`, async () => {
    const updated = Object.fromEntries(asked.map((id) => [id, known.has(id) ? (versions[id] ?? 0) : 0]));
    const answer = await api.call("conversations.genericInfo", { updated_channels: JSON.stringify(updated) });
    survey.requests += 1;
    for (const info of answer.channels ?? []) describe(survey, info);
    for (const id of answer.unchanged_channel_ids ?? []) unchanged(survey, id, known.get(id));
  });
  if (failed && absent.length > 0) survey.complete = false;
}

/** @param {Survey} survey @param {Json} info */
function describe(survey, info) {
  if (isLeft(info)) return;
  const found = conversation(survey, info.id);
  found.info = { ...found.info, ...info };
  found.latest ??= typeof info.latest === "string" ? info.latest : (info.latest?.ts ?? null);
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

// ---------------------------------------------------------------- workspace, channels, users

/** @param {Host} host @param {Session} session @param {Survey} survey */
async function collectWorkspace(host, session, survey) {
  const team = survey.boot?.team;
  if (!host.scope("workspace")) return;
  if (!team) {
    if (survey.requests > 0 && !host.start.state?.workspace)
      await host.skip({ stream: "workspace", reason: "not_answered" });
    return;
  }
  const data = {
    id: team.id ?? session.team,
    name: team.name ?? null,
    domain: team.domain ?? null,
    url: team.url ?? session.url,
    email_domain: team.email_domain || null,
    plan: team.plan ?? null,
    enterprise_id: team.enterprise_id ?? null,
    account_user_id: survey.boot?.self?.id ?? null,
  };
  await host.emit({ stream: "workspace", key: data.id, data });
}

/** @param {Host} host @param {Survey} survey */
async function collectChannels(host, survey) {
  const scope = host.scope("channels");
  if (!scope) return;
  const allowed = scope.resources && new Set(scope.resources);
  for (const { id, info } of sorted(survey)) {
    if (info && (!allowed || allowed.has(id)))
      await host.emit({ stream: "channels", key: id, data: channelData(info) });
  }
}

/** @param {Survey} survey */
const sorted = (survey) => [...survey.conversations.values()].sort((a, b) => (a.id < b.id ? -1 : 1));

/** @param {Json} info */
function channelData(info) {
  return {
    id: info.id,
    name: info.name ?? null,
    kind: kindOf(info),
    is_archived: info.is_archived === true,
    is_private: info.is_private === true || info.is_im === true || info.is_mpim === true || info.is_group === true,
    is_shared: info.is_ext_shared === true,
    topic: info.topic?.value || null,
    purpose: info.purpose?.value || null,
    created: typeof info.created === "number" ? isoOf(`${info.created}.0`) : null,
    creator: info.creator ?? null,
    previous_names: info.previous_names ?? [],
    user_id: info.user ?? null,
    member_count: info.num_members ?? null,
  };
}

/** @param {Json} info */
function kindOf(info) {
  if (info.is_im) return "dm";
  if (info.is_mpim) return "group_dm";
  return info.is_private || info.is_group ? "private" : "public";
}

/** @param {Host} host @param {Api} api @param {Survey} survey @returns {Promise<People>} */
async function collectUsers(host, api, survey) {
  const before = /** @type {any} */ (host.start.state?.users) ?? null;
  /** @type {People} */
  const people = { names: new Map(), known: new Set(before?.ids), met: new Set(before?.waiting), state: before };
  const scope = host.scope("users");
  if (scope?.resources) for (const id of scope.resources) await lookUp(host, api, people, id);
  else if (scope && (isFull(host) || usersAreDue(before, survey))) await listUsers(host, api, survey, people);
  return people;
}

/**
 * One page costs no more than an idle run may; several are read once a day.
 * @param {any} before @param {Survey} survey
 */
function usersAreDue(before, survey) {
  if (typeof before?.fetched_at !== "number") return true;
  return before.pages === 1 ? survey.requests < IDLE_REQUESTS : survey.now - before.fetched_at >= USERS_STALE;
}

/** @param {Host} host @param {Api} api @param {Survey} survey @param {People} people */
async function listUsers(host, api, survey, people) {
  let read = 0;
  try {
    for await (const page of pages(api, "users.list", { limit: String(LIST_PAGE) })) {
      read += 1;
      for (const user of page.members ?? []) await emitUser(host, people, user);
    }
    people.state = { fetched_at: survey.now, pages: read };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    const message = "Slack does not list its people to this session; authors are looked up one by one.";
    await host.skip({ stream: "users", reason: error.code, message, recovery_hint: error.hint });
    people.state = { ...people.state, fetched_at: survey.now, pages: 0 };
  }
}

/** @param {Host} host @param {People} people @param {Json} user */
async function emitUser(host, people, user) {
  const data = userData(user);
  people.known.add(data.id);
  people.names.set(data.id, data.display_name || data.name || data.id);
  await host.emit({ stream: "users", key: data.id, data });
}

/** @param {Json} user */
function userData(user) {
  const profile = user.profile ?? {};
  return {
    id: user.id,
    team_id: user.team_id ?? null,
    name: user.name ?? null,
    real_name: user.real_name ?? profile.real_name ?? null,
    display_name: profile.display_name || null,
    email: profile.email || null,
    title: profile.title || null,
    tz: user.tz ?? null,
    is_bot: user.is_bot === true,
    is_external: user.is_stranger === true,
    deleted: user.deleted === true,
    updated: typeof user.updated === "number" ? isoOf(`${user.updated}.0`) : null,
  };
}

/** @param {Host} host @param {Api} api @param {People} people @param {string} id */
async function lookUp(host, api, people, id) {
  try {
    const { user } = await api.call("users.info", { user: id });
    await emitUser(host, people, user);
  } catch (error) {
    if (!(error instanceof SlackError) || error.passing) throw error;
    await host.progress(`Slack does not know a user any more (${error.code})`, { stream: "users" });
    people.known.add(id);
  }
}

/**
 * Authors nobody listed: guests of shared channels, and everybody where lists are restricted.
 * @param {Host} host @param {Api} api @param {People} people
 */
async function lookUpAuthors(host, api, people) {
  const scope = host.scope("users");
  if (!scope || scope.resources || people.state?.too_many) return;
  const unknown = [...people.met].filter((id) => !people.known.has(id)).sort();
  try {
    for (const id of unknown.slice(0, LOOKUPS)) await lookUp(host, api, people, id);
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    await host.skip({ stream: "users", reason: error.code, recovery_hint: error.hint });
  }
}

/**
 * What the next run wants to know. A run over chosen resources leaves it alone.
 * @param {Host} host @param {Session} session @param {Survey} survey @param {People} people
 * @param {Record<string, number>} versions
 */
async function remember(host, session, survey, people, versions) {
  if (host.start.scope.streams.some((scope) => scope.resources || scope.time_range)) return;
  if (survey.boot && host.scope("workspace"))
    await host.state("workspace", { team_id: session.team, fetched_at: survey.now });
  if (host.scope("channels")) await host.state("channels", { updated: versions, listed_at: survey.listedAt });
  if (host.scope("users") && people.state) {
    const { fetched_at, pages } = people.state;
    const [ids, waiting] = [[...people.known].sort(), [...people.met].filter((id) => !people.known.has(id)).sort()];
    const fits = ids.length + waiting.length <= REMEMBERED_USERS;
    await host.state("users", fits ? { fetched_at, pages, ids, waiting } : { fetched_at, pages, too_many: true });
  }
}

/** Which partitions exist. @param {Host} host @param {Survey} survey @param {People} people */
async function announce(host, survey, people) {
  const scope = host.scope("messages");
  if (!scope) return;
  const before = new Map(knownPartitions(host));
  const allowed = scope.resources && new Set(scope.resources);
  const present = sorted(survey).filter(({ id }) => !allowed || allowed.has(id));
  const partitions = present.map((found) => ({
    key: found.id,
    label: labelOf(found, before.get(found.id)?.label, people),
    status: found.status,
  }));
  await host.inventory("messages", partitions, survey.complete);
}

/** @param {Conversation} found @param {string | undefined} before @param {People} people */
function labelOf({ id, info }, before, people) {
  return info?.name ?? people.names.get(info?.user) ?? before ?? info?.user ?? id;
}

// ---------------------------------------------------------------- messages

/**
 * Walk every conversation's wanted windows. Returns the version of each conversation that was dealt with, so that the
 * next run knows what has not changed since.
 * @param {Host} host @param {Api} api @param {Survey} survey @param {People} people
 */
async function collectMessages(host, api, survey, people) {
  const versions = { ...knownVersions(host) };
  for (const { id, info } of survey.conversations.values())
    if (typeof info?.updated === "number") versions[id] = info.updated;
  const scope = host.scope("messages");
  if (!scope) return versions;
  const allowed = scope.resources && new Set(scope.resources);
  const bounds = boundsOf(scope.time_range);
  const found = sorted(survey).filter(({ id }) => !allowed || allowed.has(id));
  markSettled(host, found);
  const plans = await Promise.all(
    found.map(async (one) => ({ id: one.id, walks: planWalks(await host.windows("messages", one.id), one, bounds) })),
  );
  const work = plans.filter(({ walks }) => walks.length > 0);
  /** @type {Reading} */
  const reading = { host, api, people, bounds, versions, failures: 0 };
  let done = 0;
  await inParallel(work, async ({ id, walks }) => {
    await readConversation(reading, id, walks);
    await host.progress(`Read ${id}`, { stream: "messages", count: (done += 1), total: work.length });
  });
  return versions;
}

/**
 * Where Slack names no latest message (archived conversations), nothing can be new if the conversation is as it was
 * when a run last succeeded. @param {Host} host @param {Conversation[]} found
 */
function markSettled(host, found) {
  const before = new Map(knownPartitions(host));
  const versions = host.scope("channels") ? knownVersions(host) : null;
  for (const one of found) {
    const sameVersion =
      one.unchanged || (versions === null ? one.info === null : versions[one.id] === one.info?.updated);
    one.settled =
      one.latest === null && one.status !== "active" && before.get(one.id)?.source_status === one.status && sameVersion;
  }
}

/** @param {{since?: string, until?: string} | undefined} range @returns {Bounds} */
function boundsOf(range) {
  return {
    floor: range?.since ? tsOf(range.since) : null,
    ceiling: range?.until ? shift(tsOf(range.until), -1) : null,
  };
}

/**
 * From windows to walks: what is new only if there is something new, its companions only together with it, windows that
 * touch as one newest-first walk.
 * @param {Window_[]} windows @param {Conversation} one @param {Bounds} bounds @returns {Walk[]}
 */
function planWalks(windows, one, bounds) {
  const fresh = windows.some((window) => window.purpose === "new" && isFresh(window, one));
  /** @type {Walk[]} */
  const walks = [];
  for (const window of windows) {
    if (!fresh && (window.purpose === "new" || window.when === "with_new")) continue;
    const segment = clipped(window, one, bounds);
    if (!segment) continue;
    const above = walks.at(-1);
    if (above && above.since !== null && segment.until !== null && compareTs(segment.until, above.since) >= 0) {
      above.segments.push(segment);
      if (segment.since === null || compareTs(segment.since, above.since) < 0) above.since = segment.since;
    } else {
      walks.push({ ...segment, segments: [segment] });
    }
  }
  return walks;
}

/** @param {Window_} window @param {Conversation} one */
function isFresh({ since }, one) {
  if (one.latest === null) return !(one.settled && since !== null);
  return since === null || compareTs(one.latest, since) > 0;
}

/**
 * A window inside the scope's times, its open end pinned to what Slack counted last.
 * @param {Window_} window @param {Conversation} one @param {Bounds} bounds @returns {Segment | null}
 */
function clipped(window, one, { floor, ceiling }) {
  const pin = one.latest === NEVER ? null : one.latest;
  const top = window.until ?? pin;
  const [since, until] = [highest(window.since, floor), lowest(top, ceiling)];
  if (since !== null && until !== null && compareTs(since, until) > 0) return null;
  return { since, until, pinned: top !== null, deep: window.deep };
}

/** @param {string | null} a @param {string | null} b */
const highest = (a, b) => (a === null || (b !== null && compareTs(b, a) > 0) ? b : a);
/** @param {string | null} a @param {string | null} b */
const lowest = (a, b) => (a === null || (b !== null && compareTs(b, a) < 0) ? b : a);

/**
 * Some at a time, begun in order. The first failure stops the others from beginning more.
 * @template T @param {T[]} items @param {(item: T) => Promise<void>} handle
 */
async function inParallel(items, handle) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await handle(item);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: CONCURRENCY }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/**
 * A conversation Slack will not show is a gap of its own; the others go on.
 * @param {Reading} reading @param {string} channel @param {Walk[]} walks
 */
async function readConversation(reading, channel, walks) {
  /** @type {Record<string, {count: number, latest: string | null}>} */
  const stored = {};
  try {
    for (const walk of walks) await new HistoryWalk(reading, channel, walk, stored).run();
    reading.failures = 0;
  } catch (error) {
    const code = error instanceof SlackError ? error.code : /** @type {any} */ (error)?.code;
    const passing = error instanceof SlackError ? error.passing : code === "request_failed";
    if (!(error instanceof SlackError) && !passing) throw error;
    delete reading.versions[channel];
    reading.failures = passing ? reading.failures + 1 : 0;
    const recovery_hint = passing ? "retry_by_runtime" : "upstream_unblock";
    await reading.host.skip({ stream: "messages", reason: code, resources: [channel], recovery_hint });
    if (code === "ratelimited") {
      throw reading.host.fail(
        "rate_limited",
        "Slack asks for a longer pause than this run may take.",
        recovery_hint,
        true,
      );
    }
    if (reading.failures >= FAILURES_IN_A_ROW) {
      throw reading.host.fail("source_unavailable", `Slack stopped answering (${code}).`, recovery_hint, true);
    }
  }
}

/**
 * One newest-first walk over a conversation's history. After each page and its threads the walk says what it has
 * covered, so that a run cut off leaves exactly the hole it has not read.
 *
 * Pages are bounded from above only. Nothing is claimed before it is clear that pages go down in time: one that holds
 * the newest message, one followed by older ones, or the last. Should they go up, the claim waits for the end.
 */
class HistoryWalk {
  /**
   * @param {Reading} reading @param {string} channel @param {Walk} walk
   * @param {Record<string, {count: number, latest: string | null}>} stored
   */
  constructor(reading, channel, walk, stored) {
    this.reading = reading;
    this.channel = channel;
    this.walk = walk;
    this.stored = stored;
    /** @type {string | null} Everything from here up has been claimed. */
    this.edge = walk.pinned ? walk.until : null;
    /** @type {string | null} */
    this.oldest = null;
    /** @type {string | null} */
    this.newest = null;
    this.descending = false;
    this.ascending = false;
    /** @type {Taken} Threads read since the last claim. */
    this.taken = { groups: [], holes: [] };
    this.lost = 0;
    this.barren = 0;
    this.cursor = "";
    /** @type {string | null} */
    this.from = walk.until;
  }

  async run() {
    for (let done = false; !done;) done = await this.page();
    if (this.lost > 0) {
      const message = `${this.lost} threads that their heads announce are not there`;
      await this.reading.host.skip({
        stream: "messages",
        reason: "thread_not_found",
        message,
        resources: [this.channel],
      });
    }
  }

  /** Read one page; true when the walk is at its end. */
  async page() {
    const [oldest, newest] = [this.oldest, this.newest];
    const page = await this.fetch();
    /** @type {Json[]} */
    const messages = page?.messages ?? [];
    this.orient(messages);
    this.barren = this.oldest === oldest && this.newest === newest ? this.barren + 1 : 0;
    if (this.barren > BARREN_PAGES) throw new SlackError("conversations.history", "paging_stalled", true);
    if (!page) return false;
    await this.take(messages.filter((message) => this.isWanted(message.ts)));
    this.cursor = page.response_metadata?.next_cursor ?? "";
    const last = !this.cursor && !page.has_more;
    if (!this.cursor) this.from = this.oldest ?? this.from;
    const reached = this.oldest !== null && this.walk.since !== null && compareTs(this.oldest, this.walk.since) <= 0;
    if (last) await this.finish(page.is_limited === true);
    else if (this.descending) await this.claim(highest(this.oldest, this.walk.since));
    return last || (reached && this.descending);
  }

  /** @returns {Promise<Json | null>} null: the cursor had expired; the walk goes on from the oldest message it saw. */
  async fetch() {
    const params = /** @type {Record<string, string>} */ ({
      channel: this.channel,
      limit: String(MESSAGES_PAGE),
      inclusive: "true",
    });
    if (this.from !== null) params.latest = this.from;
    if (this.cursor) params.cursor = this.cursor;
    try {
      return await this.reading.api.call("conversations.history", params);
    } catch (error) {
      if (!(error instanceof SlackError) || error.code !== "invalid_cursor" || !this.cursor || this.ascending)
        throw error;
      this.cursor = "";
      this.from = this.oldest ?? this.walk.until;
      return null;
    }
  }

  /** Which way do pages go? @param {Json[]} messages */
  orient(messages) {
    const before = this.oldest;
    for (const { ts } of messages) {
      if (before !== null && compareTs(ts, before) > 0 && !this.descending) this.ascending = true;
      if (before !== null && compareTs(ts, before) < 0 && !this.ascending) this.descending = true;
      this.oldest = lowest(this.oldest, ts);
      this.newest = highest(this.newest, ts);
    }
    if (this.walk.until !== null && this.newest === this.walk.until && !this.ascending) this.descending = true;
  }

  /** @param {string} ts */
  isWanted(ts) {
    const { since, until } = this.walk;
    return (since === null || compareTs(ts, since) >= 0) && (until === null || compareTs(ts, until) <= 0);
  }

  /** Hand over a page's messages, then the threads that want reading. @param {Json[]} messages */
  async take(messages) {
    const heads = threadHeads(messages, (ts) => this.isWanted(ts));
    await this.recall(heads, messages);
    await emitMessages(this.reading, this.channel, messages);
    for (const head of heads) {
      if (!this.wantsReading(head)) continue;
      const outcome =
        head.reply_count > 0 || head.subtype === "tombstone"
          ? await readThread(this.reading, this.channel, head)
          : "read";
      if (outcome === "read") this.taken.groups.push(head.ts);
      if (outcome === "open") this.taken.holes.push(head.ts);
      if (outcome === "lost" && this.isWanted(head.ts)) this.lost += 1;
    }
  }

  /**
   * Ask what is stored of the threads that are compared, before any of their replies on this page are handed over, and
   * once per thread: broadcasts of an earlier page must not change the answer.
   * @param {Json[]} heads @param {Json[]} messages
   */
  async recall(heads, messages) {
    const ids = new Set(heads.filter((head) => !this.isDeep(head.ts)).map((head) => head.ts));
    for (const message of messages) if (isReply(message)) ids.add(message.thread_ts);
    const unknown = [...ids].filter((id) => !(id in this.stored));
    if (unknown.length > 0)
      Object.assign(this.stored, await this.reading.host.groups("messages", this.channel, unknown));
  }

  /** @param {string} ts */
  isDeep(ts) {
    const segment = this.walk.segments.find(({ since }) => since === null || compareTs(ts, since) >= 0);
    return this.isWanted(ts) && segment !== undefined && segment.deep;
  }

  /** @param {Json} head */
  wantsReading(head) {
    if (this.isDeep(head.ts)) return true;
    const { count = 0, latest = null } = this.stored[head.ts] ?? {};
    const latestReply = head.reply_count > 0 ? (head.latest_reply ?? null) : null;
    return (
      count !== (head.reply_count ?? 0) ||
      (latestReply !== null && latest !== null && compareTs(latest, latestReply) !== 0)
    );
  }

  /**
   * The bottom of the walk: what it asked for, or where Slack begins to hide what is older.
   * @param {boolean} limited
   */
  async finish(limited) {
    const { since } = this.walk;
    const until = this.edge ?? this.newest ?? (since === null ? NEVER : null);
    if (until === null) return;
    this.edge = until;
    const hides = limited && (since === null || this.oldest === null || compareTs(this.oldest, since) > 0);
    await this.claim(since, hides ? (this.oldest ?? until) : undefined);
  }

  /**
   * Everything from `since` up to what was claimed before is read. A thread that could not be read keeps its page open:
   * only what lies above it is claimed, so that the next run finds the hole.
   * @param {string | null} since @param {string} [limitedBefore]
   */
  async claim(since, limitedBefore) {
    const until = this.edge ?? this.newest;
    if (until === null) return;
    const hole = this.taken.holes.reduce(highest, null);
    const from = hole === null ? since : shift(hole, 1);
    if (from === null || compareTs(from, until) <= 0) {
      const groups = this.taken.groups.filter((ts) => isBetween(ts, from, until));
      const covered = { stream: "messages", partition: this.channel, since: from, until, groups };
      await this.reading.host.covered(
        limitedBefore === undefined ? covered : { ...covered, limited_before: limitedBefore },
      );
    }
    this.taken = { groups: [], holes: [] };
    if (since !== null) this.edge = hole === null ? since : shift(since, -1);
  }
}

/**
 * The heads of this page's threads: roots in it, and older roots that a broadcast on it brings along.
 * @param {Json[]} messages @param {(ts: string) => boolean} inWalk
 */
function threadHeads(messages, inWalk) {
  const heads = new Map(messages.filter((message) => !isReply(message)).map((message) => [message.ts, message]));
  for (const { root } of messages) if (root?.ts && !inWalk(root.ts) && !heads.has(root.ts)) heads.set(root.ts, root);
  return [...heads.values()];
}

/** @param {Json} message */
const isReply = (message) => message.thread_ts !== undefined && message.thread_ts !== message.ts;

/**
 * All replies of a thread, in as many pages as it takes. Pages may repeat the root or not, and may come empty.
 * "read": all of them; "open": try again in another run; "lost": Slack says that there is no such thread.
 * @param {Reading} reading @param {string} channel @param {Json} head @returns {Promise<"read" | "open" | "lost">}
 */
async function readThread(reading, channel, head) {
  const params = { channel, ts: head.ts, limit: String(MESSAGES_PAGE) };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      let [answered, whole] = [false, true];
      for await (const page of pages(reading.api, "conversations.replies", params)) {
        /** @type {Json[]} */
        const messages = page.messages ?? [];
        answered ||= messages.length > 0;
        const replies = messages.filter((message) => message.ts !== head.ts);
        const allowed = replies.filter(({ ts }) => isBetween(ts, reading.bounds.floor, reading.bounds.ceiling));
        whole &&= allowed.length === replies.length;
        await emitMessages(reading, channel, allowed);
      }
      if (answered) return whole ? "read" : "open";
    } catch (error) {
      if (!(error instanceof SlackError)) throw error;
      if (error.code === "thread_not_found") return "lost";
      if (error.code !== "invalid_cursor") throw error;
    }
  }
  return "open";
}

/** @param {Reading} reading @param {string} channel @param {Json[]} messages */
async function emitMessages({ host, people }, channel, messages) {
  /** @type {RecordMessage[]} */
  const records = messages.map((message) => {
    if (message.user) people.met.add(message.user);
    const gone = message.subtype === "tombstone";
    return {
      stream: "messages",
      key: [channel, message.ts],
      data: messageData(channel, message),
      op: gone ? "delete" : "upsert",
    };
  });
  if (records.length > 0) await host.emit(...records);
}

/**
 * What belongs to the message itself; what one viewer sees of it (read marks, subscriptions, stars) is left out.
 * @param {string} channel @param {Json} message
 */
function messageData(channel, message) {
  return {
    channel_id: channel,
    ts: message.ts,
    thread_ts: message.thread_ts ?? null,
    user_id: message.user ?? null,
    text: message.text ?? "",
    sent_at: isoOf(message.ts),
    edited_ts: message.edited?.ts ?? null,
    team_id: message.team ?? null,
    subtype: message.subtype ?? null,
    bot_id: message.bot_id ?? null,
    username: message.username ?? null,
    reply_count: message.reply_count ?? 0,
    latest_reply: message.reply_count > 0 ? (message.latest_reply ?? null) : null,
    reactions: (message.reactions ?? []).map((/** @type {Json} */ { name, count, users }) => ({
      name,
      count,
      users: users ?? [],
    })),
    files: (message.files ?? []).map(fileData),
    attachments: message.attachments ?? [],
    blocks: message.blocks ?? [],
    pinned_to: message.pinned_to ?? [],
  };
}

const FILE_FIELDS = [
  "id",
  "name",
  "title",
  "mimetype",
  "filetype",
  "mode",
  "size",
  "created",
  "user",
  "is_external",
  "permalink",
  "url_private",
];

/** @param {Json} file */
function fileData(file) {
  const known = FILE_FIELDS.filter((name) => file[name] !== undefined);
  return Object.fromEntries(
    known.map((name) => [name, /^(url|perma)/.test(name) ? withoutToken(file[name]) : file[name]]),
  );
}

/** File links of exports and of some answers carry a token. @param {unknown} link */
function withoutToken(link) {
  if (typeof link !== "string" || !URL.canParse(link)) return link;
  const url = new URL(link);
  for (const [name, value] of [...url.searchParams])
    if (name === "t" || name === "token" || value.startsWith("xox")) url.searchParams.delete(name);
  return url.href;
}

// ---------------------------------------------------------------- time

/** @param {string} ts @returns {[number, number]} Seconds and microseconds. */
function partsOf(ts) {
  const [seconds, fraction = ""] = ts.split(".");
  return [Number(seconds), Number(fraction.padEnd(6, "0"))];
}

/** As two integers, never as a float. @param {string} a @param {string} b */
function compareTs(a, b) {
  const [left, right] = [partsOf(a), partsOf(b)];
  return left[0] - right[0] || left[1] - right[1];
}

/** @param {string} ts @param {string | null} since @param {string | null} until */
const isBetween = (ts, since, until) =>
  (since === null || compareTs(ts, since) >= 0) && (until === null || compareTs(ts, until) <= 0);

/** @param {number} seconds @param {number} micros */
const tsFrom = (seconds, micros) => `${String(seconds).padStart(10, "0")}.${String(micros).padStart(6, "0")}`;

/** The next moment, or the one before: Slack counts microseconds. @param {string} ts @param {1 | -1} step */
function shift(ts, step) {
  const [seconds, micros] = partsOf(ts);
  const moved = micros + step;
  if (moved < 0) return tsFrom(seconds - 1, 999_999);
  return moved > 999_999 ? tsFrom(seconds + 1, 0) : tsFrom(seconds, moved);
}

/** @param {string} ts ISO 8601 in UTC, to the microsecond. */
function isoOf(ts) {
  const [seconds, micros] = partsOf(ts);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
}

/** @param {string} iso */
function tsOf(iso) {
  const [, whole, fraction = "", zone] = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/i.exec(iso) ?? [];
  return tsFrom(Math.floor(Date.parse(`${whole}${zone ?? "Z"}`) / 1000), Number(fraction.slice(0, 6).padEnd(6, "0")));
}
