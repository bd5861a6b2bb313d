// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Workspace, conversations and people as records, and what is remembered of them between runs.
 *
 * Owns: when people are read again, and authors nobody listed. Must not know: messages, windows.
 */

/** People and conversations asked for at a time; Slack allows fewer than 1,000. */
const LIST_PAGE = 500;
/** Seconds after which people are read again where that takes several pages, and the workspace's own record. */
const USERS_STALE = 86_400;
/** Authors nobody listed (guests of shared channels, say) looked up one by one in a run. */
const LOOKUPS = 50;
/** User ids remembered between runs, so that an unknown author is noticed; beyond it, the daily reading must do. */
const REMEMBERED_USERS = 5_000;

/** @param {Host} host @param {Session} session @param {Survey} survey */
async function collectWorkspace(host, session, survey) {
  if (!host.scope("workspace")) return;
  if (!survey.boot) return survey.bootFailed ? undefined : asItWas(host, "workspace");
  const { team, self } = survey.boot;
  if (team === null || typeof team !== "object") return host.skip({ stream: "workspace", reason: "unreadable" });
  const { data, mended } = host.fields({ ...team, account_user_id: self?.id }, {
    id: { is: nonEmpty, or: session.team },
    name: "text",
    domain: "text",
    url: { is: "text", or: session.url },
    email_domain: nonEmptyOrNone,
    plan: "text",
    enterprise_id: "text",
    account_user_id: "text",
  });
  await host.emit({ stream: "workspace", key: data.id, data, mended });
}

/** Nothing of it was due: what is stored of it stands. @param {Host} host @param {string} stream */
const asItWas = (host, stream) => host.progress("Nothing of it has changed", { stream, count: 0 });

/** A text of which an empty one says as much as none. @param {any} value */
const nonEmptyOrNone = (value) => (typeof value === "string" ? value || null : undefined);

/** @param {Host} host @param {Survey} survey */
async function collectChannels(host, survey) {
  const scope = host.scope("channels");
  if (!scope) return;
  const allowed = scope.resources && new Set(scope.resources);
  const described = sorted(survey).filter(({ id, info }) => info && (!allowed || allowed.has(id)));
  if (described.length === 0) await asItWas(host, "channels");
  survey.doubtful = new Set();
  await host.emitEach("channels", described, ({ id, info }) => channelRecord(host, survey, id, info), {
    name: ({ id }) => ({ key: id }),
  });
}

/** @param {Survey} survey */
const sorted = (survey) => [...survey.conversations.values()].sort((a, b) => (a.id < b.id ? -1 : 1));

/** @type {import("../sdk/polyfill").Shape} */
const CHANNEL = {
  name: "text",
  topic: { is: nonEmptyOrNone, from: "topic.value" },
  purpose: { is: nonEmptyOrNone, from: "purpose.value" },
  created: timeOf,
  creator: "text",
  previous_names: ["text"],
  user_id: { is: "text", from: "user" },
  member_count: { is: "count", from: "num_members" },
};

/** One that was mended is asked for again by the next run. @param {Host} host @param {Survey} survey @param {string} id @param {Json} info */
function channelRecord(host, survey, id, info) {
  survey.doubtful.add(id);
  const { data, mended } = host.fields(info, CHANNEL);
  const { name, ...rest } = data;
  const facts = {
    id,
    name,
    kind: kindOf(info),
    is_archived: info.is_archived === true,
    is_private: info.is_private === true || info.is_im === true || info.is_mpim === true || info.is_group === true,
    is_shared: info.is_ext_shared === true,
    ...rest,
  };
  if (mended.length === 0) survey.doubtful.delete(id);
  return { key: id, data: withoutTokens(facts), mended };
}

/** Unix seconds as a time. @param {any} seconds */
function timeOf(seconds) {
  return Number.isSafeInteger(seconds) && seconds >= 0 && seconds < 10 ** 10 ? isoOf(`${seconds}.0`) : undefined;
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
  const ids = (/** @type {any} */ list) => (Array.isArray(list) ? list : []);
  /** @type {People} */
  const people = {
    names: new Map(),
    known: new Set(ids(before?.ids)),
    met: new Set(ids(before?.waiting)),
    state: before,
    tried: new Set(),
    complete: before?.too_many !== true,
  };
  const scope = host.scope("users");
  if (scope?.resources) await lookUpAll(host, api, people, scope.resources);
  else if (scope) await listOrRemember(host, api, survey, people);
  return people;
}

/**
 * Read everybody where that is due; else what is known of them stands, and so does why they could not be listed.
 * @param {Host} host @param {Api} api @param {Survey} survey @param {People} people
 */
async function listOrRemember(host, api, survey, people) {
  if (isFull(host) || usersAreDue(people.state, survey)) await listUsers(host, api, survey, people);
  else if (typeof people.state?.refused === "string") await skipUsers(host, people.state.refused, "upstream_unblock");
  else await asItWas(host, "users");
  const standing = await host.exceptions("users");
  await lookUpAll(host, api, people, standing.map(({ key }) => key));
}

/** @param {Host} host @param {string} reason @param {string} hint */
const skipUsers = (host, reason, hint) => host.skip({ stream: "users", reason, recovery_hint: hint });

/**
 * One page costs no more than an idle run may, and neither does a refusal; several are read once a day.
 * @param {any} before @param {Survey} survey
 */
function usersAreDue(before, survey) {
  if (typeof before?.fetched_at !== "number") return true;
  return before.pages <= 1 ? survey.requests < IDLE_REQUESTS : isStale(before.fetched_at, survey.now, USERS_STALE);
}

/** @param {Host} host @param {Api} api @param {Survey} survey @param {People} people */
async function listUsers(host, api, survey, people) {
  let read = 0;
  const pages = listPages(host, api, "users.list", { limit: String(LIST_PAGE) }, { list: "members", stream: "users" });
  try {
    for await (const page of pages) {
      read += 1;
      await emitUsers(host, people, page.members);
    }
    people.complete ||= pages.ended === "end";
    people.state = pages.ended === "end" ? { fetched_at: survey.now, pages: read } : { ...people.state, fetched_at: null };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    await skipUsers(host, error.code, error.hint);
    const refused = error.passing ? { fetched_at: null } : { fetched_at: survey.now, pages: 0, refused: error.code };
    people.state = { ...people.state, ...refused };
  }
}

/** @param {Host} host @param {People} people @param {any[]} users */
async function emitUsers(host, people, users) {
  return host.emitEach("users", users, (user) => userRecord(host, people, user), {
    name: ({ id }) => ({ key: id }),
  });
}

/** @type {import("../sdk/polyfill").Shape} */
const USER = {
  id: { is: nonEmpty, needed: true },
  team_id: "text",
  name: "text",
  real_name: "text",
  shown_name: { is: "text", from: "profile.real_name" },
  display_name: { is: nonEmptyOrNone, from: "profile.display_name" },
  email: { is: nonEmptyOrNone, from: "profile.email" },
  title: { is: nonEmptyOrNone, from: "profile.title" },
  tz: "text",
  updated: timeOf,
};

/** @param {Host} host @param {People} people @param {any} user */
function userRecord(host, people, user) {
  const { data, mended } = host.fields(user, USER);
  const { shown_name, updated, ...rest } = data;
  const facts = {
    ...rest,
    real_name: data.real_name ?? shown_name,
    is_bot: user.is_bot === true,
    is_external: user.is_stranger === true,
    deleted: user.deleted === true,
    updated,
  };
  people.known.add(data.id);
  people.names.set(data.id, data.display_name || data.name || data.id);
  return { key: data.id, data: withoutTokens(facts), mended };
}

/**
 * One by their id. Who is not answered for is named; whom Slack does not know at all is nobody, unless somebody waits.
 * @param {Host} host @param {Api} api @param {People} people @param {string} id
 */
async function lookUp(host, api, people, id) {
  if (people.tried.has(id)) return;
  people.tried.add(id);
  /** @type {import("../sdk/polyfill").Exception["reason"]} */
  let reason = "unmappable";
  try {
    const { user } = await api.call("users.info", { user: id });
    const came = await emitUsers(host, people, [user]);
    if (came.emitted > 0 && people.known.has(id)) return;
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    reason = error.reason;
    if (error.code === "ratelimited") throw error;
    if (!error.passing) people.known.add(id);
    if (!error.passing && !(await host.exceptions("users")).some(({ key }) => key === id))
      return host.progress(`Slack does not know a user any more (${error.code})`, { stream: "users", count: 1 });
  }
  await host.exception({ stream: "users", kind: "record", key: id, reason });
}

/** @param {Host} host @param {Api} api @param {People} people @param {string[]} ids */
async function lookUpAll(host, api, people, ids) {
  try {
    for (const id of ids) await lookUp(host, api, people, id);
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    await skipUsers(host, error.code, error.hint);
  }
}

/**
 * Authors nobody listed: guests of shared channels, and everybody where lists are restricted. Where more people are
 * listed than are remembered between runs, they wait until the list is read.
 * @param {Host} host @param {Api} api @param {People} people
 */
async function lookUpAuthors(host, api, people) {
  const scope = host.scope("users");
  if (!scope || scope.resources || !people.complete) return;
  const unknown = waitingAuthors(people).filter((id) => !people.tried.has(id));
  const left = unknown.length - LOOKUPS;
  if (left > 0) await host.skip({ stream: "users", reason: "limit_reached", count: left, recovery_hint: "retry_by_runtime" });
  await lookUpAll(host, api, people, unknown.slice(0, LOOKUPS));
}

/** Authors that are not known. @param {People} people */
const waitingAuthors = (people) => [...people.met].filter((id) => !people.known.has(id)).sort();

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
  else if (host.scope("messages")) await host.state("messages", { listed_at: survey.listedAt });
  if (host.scope("users") && people.state) await rememberPeople(host, people);
}

/** @param {Host} host @param {People} people */
async function rememberPeople(host, people) {
  const { fetched_at, pages, refused } = people.state ?? {};
  const read = { fetched_at, pages, ...(refused && { refused }) };
  const [ids, waiting] = [[...people.known].sort(), waitingAuthors(people)];
  if (people.complete && ids.length + waiting.length <= REMEMBERED_USERS)
    return host.state("users", { ...read, ids, waiting });
  const left = waiting.length - REMEMBERED_USERS;
  if (left > 0) await host.skip({ stream: "users", reason: "limit_reached", count: left });
  return host.state("users", { ...read, too_many: true, waiting: waiting.slice(0, REMEMBERED_USERS) });
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
  const named = (/** @type {any} */ value) => (typeof value === "string" ? value : undefined);
  return named(info?.name) ?? people.names.get(info?.user) ?? before ?? named(info?.user) ?? id;
}
