// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Records out of events, as the homeserver sends them in the format of federation.
 *
 * Owns: which kind an event is, its text as it reads now, its files. Must not know: which events are asked for.
 *
 * A position is an event's depth: how many events lie below it in the room's history. Homeservers hand out history in
 * this order and no other; the time an event tells of itself is a claim of its sender, and may be any.
 */

/** @type {import("../sdk/polyfill").Shape} */
const EVENT = {
  id: { is: "text", from: "event_id", needed: true },
  type: "text!",
  sender: "text!",
  depth: { is: "count", needed: true },
  state_key: "text",
  content: { is: "object", or: {} },
};
const FILE_KINDS = new Set(["m.image", "m.file", "m.audio", "m.video"]);
const MXC = /^mxc:\/\/([^/]+)\/([^/?#]+)$/;

/** @param {unknown} value @returns {string | null} */
const textOr = (value) => (typeof value === "string" ? value : null);
/** @param {unknown} value @returns {any} An object, or one with nothing in it. */
const objectOr = (value) => (value !== null && typeof value === "object" ? value : {});

/** ISO 8601, where it is a moment that any clock shows. @param {unknown} ms */
function isoOf(ms) {
  const moment = typeof ms === "number" ? new Date(ms) : null;
  const [first, last] = [-62_135_596_800_000, 253_402_300_799_999]; // the years 1 to 9999
  if (moment === null || !(moment.getTime() >= first && moment.getTime() <= last)) return null;
  return moment.toISOString();
}

/** The record of an event. Throws where it is none. @param {Host} host @param {string} room @param {any} event @param {string} base */
function recordOf(host, room, event, base) {
  const { data, mended } = host.fields(event, EVENT);
  const content = objectOr(data.content);
  const unsigned = objectOr(event.unsigned);
  const relation = objectOr(content["m.relates_to"]);
  const because = objectOr(unsigned.redacted_because);
  const kind = kindOf(data, relation);
  const edit = kind === "message" || kind === "encrypted" ? objectOr(objectOr(unsigned["m.relations"])["m.replace"]) : {};
  return {
    key: [room, data.id],
    mended,
    data: {
      id: data.id,
      room_id: room,
      depth: String(data.depth),
      sent_at: isoOf(event.origin_server_ts),
      sender: data.sender,
      type: data.type,
      kind,
      state_key: data.state_key,
      text: textOf(kind, data.type, content, objectOr(edit.content)["m.new_content"]),
      thread: relation.rel_type === "m.thread" ? textOr(relation.event_id) : null,
      reply_to: relation.is_falling_back === true ? null : textOr(objectOr(relation["m.in_reply_to"]).event_id),
      about: kind === "redaction" ? redactedBy(event) : aboutOf(kind, relation),
      edited_at: isoOf(edit.origin_server_ts),
      edit_id: textOr(edit.event_id),
      redacted_by: textOr(unsigned.redacted_by) ?? textOr(because.event_id),
      redaction_reason: textOr(objectOr(because.content).reason),
      files: filesOf(data.type, content, base),
      content,
    },
  };
}

/** @param {any} data @param {any} relation */
function kindOf({ type, state_key: key }, relation) {
  if (key !== null) return "state";
  if (type === "m.reaction") return "reaction";
  if (type === "m.room.redaction") return "redaction";
  if (relation.rel_type === "m.replace") return "edit";
  if (type === "m.room.encrypted") return "encrypted";
  return type === "m.room.message" || type === "m.sticker" ? "message" : "other";
}

/** What it changes, or says something of. @param {string} kind @param {any} relation */
const aboutOf = (kind, relation) => (kind === "reaction" || kind === "edit" ? textOr(relation.event_id) : null);

/** What a redaction takes away: since version 11 of rooms it stands in the content. @param {any} event */
const redactedBy = (event) => textOr(objectOr(event.content).redacts) ?? textOr(event.redacts);

/** As it reads now. @param {string} kind @param {string} type @param {any} content @param {any} edited What replaced it. */
function textOf(kind, type, content, edited) {
  if (kind === "reaction") return textOr(objectOr(content["m.relates_to"]).key);
  if (kind === "redaction") return textOr(content.reason);
  if (kind === "edit") return textOr(objectOr(content["m.new_content"]).body);
  if (type === "m.room.name") return textOr(content.name);
  if (type === "m.room.topic") return textOr(content.topic);
  return textOr(objectOr(edited).body) ?? textOr(content.body);
}

/** @param {string} type @param {any} content @param {string} base */
function filesOf(type, content, base) {
  if (type !== "m.sticker" && !FILE_KINDS.has(content.msgtype)) return [];
  const locked = objectOr(content.file);
  const id = textOr(content.url) ?? textOr(locked.url);
  const [, server, media] = MXC.exec(id ?? "") ?? [];
  if (id === null || server === undefined || media === undefined) return [];
  const info = objectOr(content.info);
  return [
    {
      id,
      address: `${base}/_matrix/client/v1/media/download/${encodeURIComponent(server)}/${encodeURIComponent(media)}`,
      name: textOr(content.filename) ?? textOr(content.body),
      type: textOr(info.mimetype),
      size: Number.isSafeInteger(info.size) && info.size >= 0 ? info.size : null,
      mode: locked.url ? "encrypted" : "plain",
    },
  ];
}

/** The depth, where the event says it. @param {any} event @returns {number | null} */
const depthOf = (event) => (Number.isSafeInteger(event?.depth) && event.depth >= 0 ? event.depth : null);
