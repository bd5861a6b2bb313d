// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Events handed over, wherever they came from: within the scope, with what they change, and what is hidden between them.
 *
 * Owns: that, and what a later run has to know of edits. Must not know: pages, tokens, rooms.
 */

const STREAM = "messages";
/** Edits that are remembered with what they change: one that is redacted does not say so any more. */
const MOST_EDITS = 2_000;

/** Whether the run asks for all there is. @param {Host} host */
function isWhole(host) {
  const scope = host.scope(STREAM);
  return scope !== undefined && scope.resources === undefined && scope.time_range === undefined && scope.fields === undefined;
}

/**
 * The rooms that messages are asked for of: all, or those of a narrowed run, named by themselves or by a message's key.
 * @param {Host} host @returns {(room: string) => boolean}
 */
function roomsAsked(host) {
  const scope = host.scope(STREAM);
  if (scope?.resources === undefined) return () => scope !== undefined;
  const rooms = new Set(scope.resources.map((key) => (key.startsWith("[") ? roomOfKey(key) : key)));
  return (room) => rooms.has(room);
}

/** @param {string} key @returns {string} */
function roomOfKey(key) {
  try {
    return String(JSON.parse(key)[0]);
  } catch {
    return key;
  }
}

/** Whether a record is inside the scope. @param {Host} host @param {{data: any, key: string[]}} record */
function isWanted(host, { data, key }) {
  const { resources, time_range: times } = host.scope(STREAM) ?? {};
  if (resources && !resources.includes(data.room_id) && !resources.includes(JSON.stringify(key))) return false;
  if (!times) return true;
  if (data.sent_at === null) return false;
  const at = Date.parse(data.sent_at);
  return (!times.since || at >= Date.parse(times.since)) && (!times.until || at < Date.parse(times.until));
}

/**
 * Hand over a page of a room. Its edits are remembered.
 * @param {Reading} reading @param {string} room @param {any[]} events
 */
async function take(reading, room, events) {
  const { host, base, edits } = reading;
  if (events.length > 0 && events.every((event) => depthOf(event) === null)) {
    const message = "This homeserver does not say where its events stand in a room's history; so they cannot be read in order.";
    throw host.fail("source_refused", message, "not_retriable");
  }
  const { unnamed } = await host.emitEach(
    STREAM,
    events,
    (event) => {
      const record = recordOf(host, room, event, base);
      if (record.data.kind === "edit" && record.data.about !== null) edits.set(record.data.id, record.data.about);
      if (record.data.kind === "encrypted") reading.encrypted += 1;
      return isWanted(host, record) ? record : null;
    },
    { name: (event) => ({ key: [room, event.event_id], partition: room, ...positionOf(event) }) },
  );
  return unnamed;
}

/** @param {any} event @returns {{position?: string}} */
function positionOf(event) {
  const depth = depthOf(event);
  return depth === null ? {} : { position: String(depth) };
}

/**
 * What the homeserver keeps to itself between the events that it shows: depths that are missing in a row.
 * @param {Reading} reading @param {string} room @param {any[]} events Newest first, and those of each depth together.
 * @param {number | null} above The depth of what was shown above them. @returns {Promise<number | null>} Of the last one.
 */
async function tellHidden(reading, room, events, above) {
  let last = above;
  for (const event of events) {
    const depth = depthOf(event);
    if (depth === null) continue;
    if (last !== null && last - depth > 1) await tellStretch(reading, room, String(depth), last);
    last = last === null ? depth : Math.min(last, depth);
  }
  return last;
}

/** @param {Reading} reading @param {string} room @param {string | null} since @param {number} until */
const tellStretch = ({ host }, room, since, until) =>
  host.hidden({ stream: STREAM, partition: room, since, until: String(until), reason: "not_shown" });

/** Keep what the next run has to know, once what it stands for is stored. @param {Reading} reading */
async function remember(reading) {
  const { host, edits, successors } = reading;
  const kept = [...edits].slice(-MOST_EDITS);
  const cursor = { edits: Object.fromEntries(kept), successors: Object.fromEntries(successors) };
  const now = JSON.stringify(cursor);
  if (now === reading.remembered) return;
  reading.remembered = now;
  await host.state(STREAM, cursor);
}
