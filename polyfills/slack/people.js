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
  return withoutTokens({
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
  });
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
  return withoutTokens({
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
  });
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
  else if (host.scope("messages")) await host.state("messages", { listed_at: survey.listedAt });
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
