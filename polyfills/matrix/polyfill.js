// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Matrix, read with the owner's own session at their own homeserver: rooms, members, and all that was said.
 *
 * Owns: the order of a run, which rooms there are, and the types the files beside it share. They are loaded before this one,
 * in the order of manifest.json, into the same world. None of them knows what is stored, high-water, rates and retries.
 *
 * It only reads: no receipt, no typing, no presence. Facts about the protocol, and what was seen, stand in README.md.
 */

/** @typedef {import("../sdk/polyfill").Host} Host */
/** @typedef {import("../sdk/polyfill").Outcome} Outcome */
/** @typedef {import("../sdk/polyfill").Window} Window_ */
/** @typedef {import("../sdk/polyfill").PartitionSnapshot} PartitionSnapshot */
/** @typedef {import("../sdk/polyfill").PartitionEntry} PartitionEntry */
/** @typedef {Record<string, any>} Json */
/** @typedef {Map<string, any>} State */
/** @typedef {{base?: string, token?: string, user?: string, why?: string}} Session */
/** @typedef {(endpoint: string, path: string, query?: Record<string, string>) => Promise<any>} Api */
/**
 * @typedef {object} Reading
 * @property {Host} host
 * @property {Api} api
 * @property {string} base The homeserver's address.
 * @property {string} user Whose account it is.
 * @property {Record<string, PartitionSnapshot>} known What the ledger knew of each room when the run began.
 * @property {Map<string, string>} edits What each edit changes.
 * @property {Map<string, string>} successors Rooms that were upgraded, and into which.
 * @property {Map<string, string>} names
 * @property {Set<string>} anew Rooms that are read once more from their end, for they were out of sight.
 * @property {(room: string) => boolean} isAsked Whether messages of a room are wanted.
 * @property {number} encrypted
 * @property {string} remembered What `remember` has kept last.
 */

/** Where the account stands in a room that it is not in, in the owner's words. */
const AWAY = new Map([
  ["leave", "left"],
  ["kicked", "kicked"],
  ["ban", "banned"],
]);

polyfill(async (host) => {
  try {
    await collect(host);
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    const hint = error.passing ? "retry_by_runtime" : "upstream_unblock";
    throw host.fail(error.passing ? "source_unavailable" : "source_refused", error.message, hint, error.passing);
  }
});

/** @param {Host} host */
async function collect(host) {
  host.slowDown(asksForPause);
  for (const stream of ["rooms", "members"]) if (host.scope(stream)) await host.progress("Looking", { stream, count: 0 });
  const reading = await open(host);
  const { answer, since } = await news(reading);
  const rooms = await roomsThatAre(reading, answer, since);
  if (host.scope(STREAM)) await host.inventory(STREAM, [...rooms.values()], false);
  await begin(reading, answer, since, rooms);
  if (host.scope(STREAM)) {
    const left = await walkAll(reading, [...rooms.keys()]);
    await host.inventory(STREAM, [...rooms.values()].map((entry) => settled(reading, entry, rooms, left)), true);
  }
  if (reading.encrypted > 0) {
    await host.progress("Encrypted events, kept as they are", { stream: STREAM, count: reading.encrypted });
  }
}

/** @param {Host} host @returns {Promise<Reading>} */
async function open(host) {
  const { base, token, user, why } = await findSession();
  if (why !== undefined) throw host.fail("token_not_found", why, "manual_action_required");
  if (base === undefined || token === undefined) {
    throw host.fail("signed_out", "This page has no session of the homeserver.", "refresh_credentials");
  }
  const api = matrixApi(host, { base, token });
  await host.fileHeaders(new URL(base).origin, { Authorization: `Bearer ${token}` });
  const state = host.start.state?.[STREAM];
  const { edits = {}, successors = {} } = state?.cursor ?? {};
  return {
    host,
    api,
    base,
    user: user ?? (await api("whoami", "/account/whoami")).user_id,
    known: state?.partitions ?? {},
    edits: new Map(Object.entries(edits)),
    successors: new Map(Object.entries(successors)),
    names: new Map(),
    anew: new Set(),
    isAsked: roomsAsked(host),
    encrypted: 0,
    remembered: JSON.stringify({ edits, successors }),
  };
}

/**
 * The rooms whose history the account may read: those it is in, and those it was in and has not forgotten.
 * @param {Reading} reading @param {Json} answer @param {string | null} since @returns {Promise<Map<string, PartitionEntry>>}
 */
async function roomsThatAre(reading, answer, since) {
  const { api, known } = reading;
  const first = since === null && Object.keys(known).length === 0; // later a homeserver may give an older answer once more
  const joined = first ? roomsOf(answer, "join").map(([id]) => id) : (await api("joined_rooms", "/joined_rooms")).joined_rooms;
  const rooms = new Map(joined.map((/** @type {string} */ key) => [key, { key }]));
  for (const [id, room] of roomsOf(answer, "leave")) {
    const own = stateOf([...(room.state?.events ?? []), ...timelineOf(room)]).get(`m.room.member ${reading.user}`);
    const away = AWAY.get(membershipOf(own, reading.user) ?? "leave") ?? "left";
    if (!rooms.has(id) && (id in known || wasIn(own))) rooms.set(id, await entryOfLeft(reading, id, away, since === null));
  }
  if (since !== null) await addThoseLeftBefore(reading, rooms, answer.rooms === undefined);
  for (const [id, { status, source_status: away }] of Object.entries(known)) {
    if (status === "present" && away && rooms.get(id) && rooms.get(id)?.status === undefined) reading.anew.add(id);
    if (status === "became" && rooms.has(id)) rooms.delete(id);
  }
  return rooms;
}

/**
 * A room that was left. One that put the account under a ban shows nothing to it any more, nor does one that was forgotten.
 * @param {Reading} reading @param {string} key @param {string} away @param {boolean} first A first look names none that was forgotten.
 * @returns {Promise<PartitionEntry>}
 */
async function entryOfLeft(reading, key, away, first) {
  if (away === "banned") return { key, status: away, deleted: true };
  return !first && (await isForgotten(reading, key)) ? { key, status: "forgotten", deleted: true } : { key, status: away };
}

/** Whether one was in a room before, and did not only decline an invitation. @param {any} own */
const wasIn = (own) => objectOr(objectOr(own?.unsigned).prev_content).membership !== "invite";

/**
 * Rooms that were left in an earlier run. One that is not told of any more may be forgotten, which its homeserver says
 * only when it is asked for it: where one has gone since the last run, and, in turn, one of the others; all in a full run.
 * @param {Reading} reading @param {Map<string, PartitionEntry>} rooms @param {boolean} idle Whether nothing has happened anywhere.
 */
async function addThoseLeftBefore(reading, rooms, idle) {
  const before = Object.entries(reading.known).filter(([id, { status }]) => status === "present" && !rooms.has(id));
  const left = before.filter(([, { source_status: away }]) => away);
  const turn = left[Math.floor(Date.now() / 1000) % Math.max(left.length, 1)]?.[0];
  const full = reading.host.start.collection_mode === "full_refresh";
  for (const [key, { source_status: away }] of before) {
    const asked = !away || full || (!idle && key === turn);
    rooms.set(key, await entryOfLeft(reading, key, away ?? "left", !asked));
  }
}

/** @param {Reading} reading @param {string} id */
async function isForgotten({ api, user }, id) {
  try {
    await api("member", `/rooms/${inPath(id)}/state/m.room.member/${inPath(user)}`);
    return false;
  } catch (error) {
    if (error instanceof MatrixError && (error.status === 403 || error.status === 404)) return true;
    throw error;
  }
}

/**
 * What came since the last run, and from where the next one goes on.
 * @param {Reading} reading @param {Json} answer @param {string | null} since @param {Map<string, PartitionEntry>} rooms
 */
async function begin(reading, answer, since, rooms) {
  const { host } = reading;
  for (const kind of /** @type {const} */ (["join", "leave"])) {
    for (const [id, room] of roomsOf(answer, kind)) await takeNews(reading, id, room, since);
  }
  for (const [id, room] of roomsOf(answer, "invite")) {
    await takeRoom(reading, id, stateOf(room.invite_state?.events ?? []), room.summary);
  }
  for (const [id, entry] of rooms) {
    const label = reading.names.get(id);
    if (label !== undefined) entry.label = label;
  }
  if (!host.scope(STREAM)) return;
  if (reading.names.size > 0) await host.inventory(STREAM, [...rooms.values()], false);
  if (!isWhole(host)) return;
  await remember(reading);
  for (const id of reading.anew) {
    await host.arrived({ stream: STREAM, partition: id, token: answer.next_batch });
    await host.forget({ stream: STREAM, partition: id, token: answer.next_batch });
  }
  await host.arrived({ stream: STREAM, token: answer.next_batch });
}

/** One room's trouble costs that room. @param {Reading} reading @param {string[]} rooms @returns {Promise<Set<string>>} Those that were not read. */
async function walkAll(reading, rooms) {
  const { host, api } = reading;
  const left = new Set();
  for (const room of rooms) {
    if (!reading.isAsked(room)) continue;
    try {
      await walkRoom(reading, room);
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      if (error.passing && !(await isUp(host, api))) throw error;
      left.add(room);
      await host.skip({ stream: STREAM, reason: error.reason, message: error.message, resources: [room] });
    }
  }
  return left;
}

/**
 * An entry as it stands once all was read: an upgraded room goes on as the one that took its place, where one is in it.
 * @param {Reading} reading @param {PartitionEntry} entry @param {Map<string, PartitionEntry>} rooms @param {Set<string>} left
 */
function settled({ successors }, entry, rooms, left) {
  const became = successors.get(entry.key);
  const goesOn = became !== undefined && became !== entry.key && rooms.has(became) && !left.has(entry.key);
  return goesOn && entry.deleted === undefined ? { ...entry, became } : entry;
}
