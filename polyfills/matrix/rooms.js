// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Rooms and their members, out of the state that comes with what is new.
 *
 * Owns: their records, and where the account stands in a room. Must not know: messages, how state is had.
 */

/** State that a room's record is made of. */
const OF_ROOM = new Set([
  "m.room.create",
  "m.room.name",
  "m.room.topic",
  "m.room.canonical_alias",
  "m.room.avatar",
  "m.room.encryption",
  "m.room.history_visibility",
  "m.room.join_rules",
  "m.room.tombstone",
]);

/** Events of state by type and key, the later ones in the place of the earlier. @param {any[]} events @returns {State} */
function stateOf(events) {
  /** @type {State} */
  const state = new Map();
  for (const event of events) {
    if (typeof event?.type === "string" && typeof event.state_key === "string") state.set(`${event.type} ${event.state_key}`, event);
  }
  return state;
}

/** @param {State} state @param {string} type @param {string} [key] */
const contentOf = (state, type, key = "") => objectOr(state.get(`${type} ${key}`)?.content);

/** What the account is in a room. @param {any} event Its own member event. @param {string} user */
function membershipOf(event, user) {
  const said = textOr(objectOr(event?.content).membership);
  return said === "leave" && event.sender !== user ? "kicked" : said;
}

/** The name that people see. @param {State} state @param {any} summary Of a room without a name: who else is in it. */
function nameOf(state, summary) {
  const name = textOr(contentOf(state, "m.room.name").name) || textOr(contentOf(state, "m.room.canonical_alias").alias);
  if (name) return name;
  const heroes = Array.isArray(summary?.["m.heroes"]) ? summary["m.heroes"] : [];
  const names = heroes.map((/** @type {string} */ id) => textOr(contentOf(state, "m.room.member", id).displayname) ?? id);
  return names.length > 0 ? names.join(", ") : null;
}

/** @param {Reading} reading @param {string} id @param {State} state @param {any} summary */
async function takeRoom({ host, user }, id, state, summary) {
  const create = state.get("m.room.create ");
  const data = {
    id,
    name: nameOf(state, summary),
    topic: textOr(contentOf(state, "m.room.topic").topic),
    alias: textOr(contentOf(state, "m.room.canonical_alias").alias),
    room_type: textOr(contentOf(state, "m.room.create").type),
    version: textOr(contentOf(state, "m.room.create").room_version),
    encrypted: state.has("m.room.encryption "),
    history_visibility: textOr(contentOf(state, "m.room.history_visibility").history_visibility),
    join_rule: textOr(contentOf(state, "m.room.join_rules").join_rule),
    membership: membershipOf(state.get(`m.room.member ${user}`), user),
    became: textOr(contentOf(state, "m.room.tombstone").replacement_room),
    was: textOr(objectOr(contentOf(state, "m.room.create").predecessor).room_id),
    created_by: textOr(create?.sender),
    created_at: isoOf(create?.origin_server_ts),
  };
  if (isOfScope(host, "rooms", [id])) await host.emit({ stream: "rooms", key: id, data });
}

/** @param {Reading} reading @param {string} room @param {State} state */
async function takeMembers({ host }, room, state) {
  if (!isOfScope(host, "members", [room])) return;
  const events = [...state.values()].filter(({ type }) => type === "m.room.member");
  await host.emitEach("members", events, (event) => {
    const content = objectOr(event.content);
    const key = [room, event.state_key];
    const data = {
      room_id: room,
      user_id: event.state_key,
      name: textOr(content.displayname),
      avatar: textOr(content.avatar_url),
      membership: textOr(content.membership),
      since: isoOf(event.origin_server_ts),
    };
    return { key, data };
  });
}

/** Whether a stream is asked for, and something of it that has one of these names. @param {Host} host @param {string} stream @param {string[]} names */
function isOfScope(host, stream, names) {
  const scope = host.scope(stream);
  return scope !== undefined && (scope.resources === undefined || names.some((name) => scope.resources?.includes(name)));
}

/**
 * What came of a room's state: its record, its members, and the room that took its place.
 * @param {Reading} reading @param {string} id @param {any} room @param {any[]} timeline
 */
async function takeState(reading, id, room, timeline) {
  const before = Array.isArray(room.state?.events) ? room.state.events : [];
  let state = stateOf([...before, ...timeline]);
  await takeMembers(reading, id, state);
  const own = state.has(`m.room.member ${reading.user}`);
  const changed = own || [...state.values()].some(({ type }) => OF_ROOM.has(type));
  if (!changed) return;
  if (!state.has("m.room.create ")) state = (await wholeState(reading, id)) ?? state;
  if (!state.has("m.room.create ")) return;
  const became = textOr(contentOf(state, "m.room.tombstone").replacement_room);
  if (became !== null) reading.successors.set(id, became);
  const name = nameOf(state, room.summary);
  if (name !== null) reading.names.set(id, name);
  await takeRoom(reading, id, state, room.summary);
}

/** All of a room's state now; null where the account may not see it. @param {Reading} reading @param {string} id @returns {Promise<State | null>} */
async function wholeState({ api }, id) {
  try {
    const events = await api("state", `/rooms/${inPath(id)}/state`);
    return Array.isArray(events) ? stateOf(events) : null;
  } catch (error) {
    if (error instanceof MatrixError && !error.passing) return null;
    throw error;
  }
}
