// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * A message and its files as records: the facts an owner would want, no token, nothing that differs per viewer.
 *
 * Owns: the shape of `messages`, what a message in an unexpected shape still says. Must not know: where a message was
 * read, who is told of what was left out.
 */

/** @param {any} value */
const nonEmpty = (value) => (typeof value === "string" && value !== "" ? value : undefined);
/** @param {any} is */
const known = (is) => ({ is, or: undefined });

/** A file's fields as far as Slack gives them. @type {import("../sdk/polyfill").Shape} */
const FILE = {
  id: { is: nonEmpty, needed: true },
  name: known("text"),
  title: known("text"),
  mimetype: known("text"),
  filetype: known("text"),
  mode: known("text"),
  size: known("count"),
  created: known("count"),
  user: known("text"),
  is_external: known("flag"),
  permalink: known(plainLink),
  url_private: known(plainLink),
};

/** What belongs to the message itself; what one viewer sees of it (read marks, subscriptions, stars) is left out. @type {import("../sdk/polyfill").Shape} */
const MESSAGE = {
  user_id: { is: "text", from: "user" },
  text: { is: "text", or: "" },
  edited_ts: { is: "text", from: "edited.ts" },
  team_id: { is: "text", from: "team" },
  subtype: "text",
  bot_id: "text",
  username: "text",
  reply_count: { is: "count", or: 0 },
  latest_reply: { is: tsIn },
  reactions: [{ name: "text!", count: "count!", users: ["text"] }],
  files: [FILE],
  attachments: ["object"],
  blocks: ["object"],
  pinned_to: ["text"],
};

/**
 * What a message says of its place. `root` and `head`: the thread it hangs on, and itself as a head. `oddPlace`: it names
 * its thread in an unexpected way, and this is what it has to be.
 * @typedef {{ts: string, root: string | null, replies: number | null, latest: string | null, subtype: any, oddPlace: boolean}} Placed
 */

/**
 * Where a message belongs; null where that cannot be told. A reply may be one without saying so, where it was read as
 * one; a message with replies is their root.
 * @param {any} message @param {string | null} thread The thread it was read in.
 * @returns {Placed | null}
 */
function placeOf(message, thread) {
  const ts = tsIn(message?.ts);
  if (ts === undefined) return null;
  const { thread_ts, reply_count, latest_reply, subtype } = message;
  const absent = reply_count === undefined || reply_count === null;
  const replies = absent ? 0 : Number.isSafeInteger(reply_count) && reply_count >= 0 ? reply_count : null;
  const said = tsIn(thread_ts);
  const latest = tsIn(latest_reply) ?? null;
  if (said !== undefined) return { ts, root: said, replies, latest, subtype, oddPlace: false };
  const silent = thread_ts === undefined || thread_ts === null;
  if (thread === null && subtype === "thread_broadcast") return null;
  const root = thread ?? ((replies ?? 0) > 0 ? ts : null);
  return { ts, root, replies, latest, subtype, oddPlace: !silent || root !== null };
}

/**
 * A message as a record's data, and what had to be left out of it.
 * @param {Host} host @param {string} channel @param {Json} message @param {Placed} place
 * @returns {{data: Json, mended: string[]}}
 */
function messageData(host, channel, message, { ts, root, oddPlace }) {
  const { data, mended } = host.fields(message, MESSAGE);
  const { user_id, text, latest_reply, ...rest } = data;
  const facts = { channel_id: channel, ts, thread_ts: root, user_id, text, sent_at: isoOf(ts), ...rest };
  return {
    data: withoutTokens({ ...facts, latest_reply: data.reply_count > 0 ? latest_reply : null }),
    mended: oddPlace ? [...mended, "thread_ts"] : mended,
  };
}

/** A file's link without its token, and normalised. @param {unknown} link */
function plainLink(link) {
  const clean = withoutTokens(link);
  if (typeof clean !== "string") return undefined;
  if (!URL.canParse(clean)) return clean;
  const url = new URL(clean);
  for (const name of ["t", "token"]) if (url.searchParams.has(name)) url.searchParams.delete(name);
  return url.href;
}
