// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * A message and its files as records: the facts an owner would want, no token, nothing that differs per viewer.
 *
 * Owns: the shape of `messages`. Must not know: where a message was read.
 */

/**
 * What belongs to the message itself; what one viewer sees of it (read marks, subscriptions, stars) is left out.
 * @param {string} channel @param {Json} message
 */
function messageData(channel, message) {
  return withoutTokens({
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
  });
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
    known.map((name) => [name, /^(url|perma)/.test(name) ? plainLink(file[name]) : file[name]]),
  );
}

/** A file's link without its token, and normalised. @param {unknown} link */
function plainLink(link) {
  const clean = withoutTokens(link);
  if (typeof clean !== "string" || !URL.canParse(clean)) return clean;
  const url = new URL(clean);
  for (const name of ["t", "token"]) if (url.searchParams.has(name)) url.searchParams.delete(name);
  return url.href;
}
