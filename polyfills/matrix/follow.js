// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * What has arrived since the last run, in all rooms, by the homeserver's own token; and where there is none yet, a first look.
 *
 * Owns: `/sync`, the stretches that it leaves out, what edits and redactions change. Must not know: what the ledger asks for.
 */

const NOTHING = { types: [] };

/** @param {number} timeline Events of each room; what is more is read page by page. */
const filterOf = (timeline) =>
  JSON.stringify({
    event_format: "federation",
    presence: NOTHING,
    account_data: NOTHING,
    room: { include_leave: true, account_data: NOTHING, ephemeral: NOTHING, timeline: { limit: timeline } },
  });

/**
 * What is new, or all rooms there are where nothing was ever followed. Null where the token is not taken any more.
 * @param {Api} api @param {string | null} since @returns {Promise<Json | null>}
 */
async function sync(api, since) {
  const place = since === null ? { filter: filterOf(1) } : { filter: filterOf(100), since };
  try {
    const answer = await api("sync", "/sync", /** @type {Record<string, string>} */ ({ ...place, timeout: "0" }));
    if (typeof answer.next_batch !== "string") throw new MatrixError("sync", "unreadable", 200, true);
    return answer;
  } catch (error) {
    if (since !== null && error instanceof MatrixError && error.status === 400) return null;
    throw error;
  }
}

/** @param {Reading} reading @returns {Promise<{answer: Json, since: string | null}>} */
async function news({ host, api }) {
  const since = host.scope(STREAM) === undefined ? null : await host.arrivals(STREAM);
  const answer = since === null ? null : await sync(api, since);
  if (answer !== null) return { answer, since };
  if (since !== null && isWhole(host)) await host.forget({ stream: STREAM, token: since });
  return { answer: /** @type {Json} */ (await sync(api, null)), since: null };
}

/** The rooms of a kind in an answer: joined, left, invited. @param {Json} answer @param {"join" | "leave" | "invite"} kind @returns {[string, any][]} */
const roomsOf = (answer, kind) => Object.entries(objectOr(objectOr(answer.rooms)[kind]));

/** @param {any} room @returns {any[]} Oldest first. */
const timelineOf = (room) => (Array.isArray(room?.timeline?.events) ? room.timeline.events : []);

/**
 * All that has come in one room.
 * @param {Reading} reading @param {string} id @param {any} room @param {string | null} since
 */
async function takeNews(reading, id, room, since) {
  const timeline = timelineOf(room);
  await takeState(reading, id, room, timeline);
  if (since === null || isReadFromItsEnd(reading, id, [...(room.state?.events ?? []), ...timeline]) || !reading.isAsked(id)) return;
  const arrived = { ids: new Set(), depths: new Set(), changed: new Set() };
  await takeArrived(reading, id, withTheirEdits(timeline), arrived);
  const gap = room.timeline?.limited === true ? textOr(room.timeline.prev_batch) : null;
  if (gap !== null) await takeGap(reading, id, { from: gap, to: since }, arrived);
  await tellHiddenAbove(reading, id, [...arrived.depths]);
  for (const event of arrived.changed) if (!arrived.ids.has(event)) await takeAgain(reading, id, event);
}

/**
 * What an answer left out of a room, between what came and what had come before. Where the homeserver does not come to its
 * end, the room is read from its own end instead, so that nothing is taken for read that was not.
 * @param {Reading} reading @param {string} id @param {{from: string, to: string}} gap
 * @param {{ids: Set<string>, depths: Set<number>, changed: Set<string>}} arrived
 */
async function takeGap(reading, id, { from, to }, arrived) {
  let token = from;
  const pages = reading.host.pages((cursor) => pageOf(reading, id, { from: (token = cursor || from), to }), {
    ids: idsOn,
    next: ({ next }) => (next === null || next === token ? undefined : next),
  });
  for await (const page of pages) await takeArrived(reading, id, page.events, arrived);
  if (pages.ended === "end") return;
  reading.anew.add(id);
  await reading.host.skip({ stream: STREAM, reason: "list_unfinished", resources: [id] });
}

/**
 * Whether a room's history is read from its end in this run, whatever came of it: nothing of it was read yet, or the account
 * has come back. Then `/sync` shows state from while it was away that is in no page of history.
 * @param {Reading} reading @param {string} id @param {any[]} events
 */
function isReadFromItsEnd(reading, id, events) {
  const known = reading.known[id];
  if (known === undefined || known.status === "deleted" || known.status === "missing" || reading.anew.has(id)) return true;
  const back = known.status === "present" && (known.covered.length === 0 || events.some((event) => isComingBack(reading, event)));
  if (back) reading.anew.add(id);
  return back;
}

/** @param {Reading} reading @param {any} event */
function isComingBack({ user }, event) {
  if (event?.type !== "m.room.member" || event.state_key !== user) return false;
  return objectOr(event.content).membership === "join" && objectOr(objectOr(event.unsigned).prev_content).membership !== "join";
}

/**
 * The same, each with the edit that came with it. A homeserver says what replaced an event where a stretch was left out,
 * and in a page of history; not where both are told anyway. @param {any[]} events
 */
function withTheirEdits(events) {
  const latest = new Map();
  for (const event of events) {
    const [about] = editedBy(event);
    const edit = latest.get(about);
    if (about !== undefined && (edit === undefined || isLater(event, edit))) latest.set(about, event);
  }
  return events.map((event) => {
    const edit = latest.get(event?.event_id);
    if (edit === undefined || edit.sender !== event.sender || edit.type !== event.type || editedBy(event).length > 0) return event;
    const unsigned = objectOr(event.unsigned);
    if (unsigned.redacted_because) return event;
    return { ...event, unsigned: { ...unsigned, "m.relations": { ...objectOr(unsigned["m.relations"]), "m.replace": edit } } };
  });
}

/** What an event edits, or nothing. @param {any} event @returns {string[]} */
function editedBy(event) {
  const relation = objectOr(objectOr(event?.content)["m.relates_to"]);
  return relation.rel_type === "m.replace" && typeof relation.event_id === "string" ? [relation.event_id] : [];
}

/** @param {any} one @param {any} other */
function isLater(one, other) {
  const later = one.origin_server_ts - other.origin_server_ts;
  return later === 0 ? one.event_id > other.event_id : later > 0;
}

/** @param {Reading} reading @param {string} id @param {any[]} events @param {{ids: Set<string>, depths: Set<number>, changed: Set<string>}} arrived */
async function takeArrived(reading, id, events, { ids, depths, changed }) {
  await take(reading, id, events);
  for (const event of events) {
    ids.add(event?.event_id);
    const depth = depthOf(event);
    if (depth !== null) depths.add(depth);
    for (const target of targetsOf(reading, event)) changed.add(target);
  }
}

/** The events that an edit or a redaction changes. @param {Reading} reading @param {any} event @returns {string[]} */
function targetsOf({ edits }, event) {
  const gone = event?.type === "m.room.redaction" ? redactedBy(event) : null;
  const before = gone === null ? undefined : edits.get(gone);
  return [...editedBy(event), gone, before].filter((one) => typeof one === "string");
}

/** What is hidden above the newest that was read before, where all up to there was. @param {Reading} reading @param {string} id @param {number[]} depths */
async function tellHiddenAbove(reading, id, depths) {
  const known = reading.known[id];
  const top = known?.status === "present" ? known.covered.at(-1)?.[1] : undefined;
  if (top === undefined || reading.anew.has(id)) return;
  const above = depths.filter((depth) => depth > Number(top)).sort((one, other) => other - one);
  let upper = null;
  for (const depth of [...above, Number(top)]) {
    if (upper !== null && upper - depth > 1) await tellStretch(reading, id, String(depth), upper);
    upper = depth;
  }
}

/**
 * An event as it is now. Where it stands is asked first: the answer with the event alone does not say its depth.
 * @param {Reading} reading @param {string} id @param {string} event
 */
async function takeAgain(reading, id, event) {
  try {
    const context = await reading.api("context", `/rooms/${inPath(id)}/context/${inPath(event)}`, { limit: "0" });
    const from = textOr(context.end);
    const page = from === null ? null : await pageOf(reading, id, { from, limit: "1" });
    const found = page?.events.find((one) => one?.event_id === event);
    if (found !== undefined) await take(reading, id, [found]);
  } catch (error) {
    if (!(error instanceof MatrixError) || error.passing) throw error;
  }
}
