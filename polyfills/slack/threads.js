// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * The messages of a page as records, and threads, each read to its end or named as what could not be read.
 *
 * Owns: which message of a page is which, what a thread that does not answer comes to. Must not know: walks, windows.
 */

/**
 * A message of a page, where it belongs (null: that cannot be told), and the nearest place on the page that can be told:
 * its own, else that of the message above it, else of the one below.
 * @typedef {{raw: any, place: Placed | null, near: string | null}} Read
 */

/**
 * @param {any[]} messages @param {string | null} thread
 * @param {string | null} above What is known to stand above the page, or on its upper end.
 * @returns {Read[]}
 */
function placedMessages(messages, thread, above) {
  const places = messages.map((raw) => placeOf(raw, thread));
  let near = above ?? places.find((place) => place !== null)?.ts ?? null;
  return messages.map((raw, index) => {
    near = tsIn(raw?.ts) ?? near;
    return { raw, place: places[index], near };
  });
}

/** @param {Placed} place */
const isReply = ({ ts, root }) => root !== null && root !== ts;

/**
 * The heads of this page's threads: roots in it, and older roots that a broadcast on it brings along.
 * @param {Read[]} messages @param {(ts: string) => boolean} inWalk
 */
function threadHeads(messages, inWalk) {
  const roots = messages.flatMap(({ place }) => (place && !isReply(place) ? [place] : []));
  const heads = new Map(roots.map((place) => [place.ts, place]));
  for (const { raw } of messages) {
    const root = placeOf(raw?.root, null);
    if (root && !inWalk(root.ts) && !heads.has(root.ts)) heads.set(root.ts, root);
  }
  return [...heads.values()];
}

/** @param {string} channel @param {string} ts @param {import("../sdk/polyfill").Exception["reason"]} reason */
const groupException = (channel, ts, reason) => ({
  stream: "messages",
  kind: /** @type {const} */ ("group"),
  key: ts,
  reason,
  partition: channel,
  position: ts,
});

/**
 * All replies of a thread, in as many pages as it takes and as small ones. Pages may repeat the root or not, and may come
 * empty. "read": all of them; "open": not all were asked for; otherwise why the thread could not be read.
 * @param {Reading} reading @param {string} channel @param {string} head
 * @returns {Promise<"read" | "open" | import("../sdk/polyfill").Exception["reason"]>}
 */
async function readThread(reading, channel, head) {
  try {
    for (let attempt = 1; attempt <= EMPTY_THREADS; attempt += 1) {
      const came = await readReplies(reading, channel, head);
      if (came) return came;
    }
    return "unreadable";
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    await reading.trouble.met(error, channel);
    return error.reason;
  }
}

/** One reading of it; null where nothing came, not even its head. @param {Reading} reading @param {string} channel @param {string} head */
async function readReplies(reading, channel, head) {
  const params = { channel, ts: head };
  const fetchPage = (/** @type {string} */ cursor, /** @type {number} */ size) => {
    const asked = { ...params, limit: String(size), ...(cursor && { cursor }) };
    return reading.api.call("conversations.replies", asked, { list: "messages", once: size < MESSAGE_PAGES[0] });
  };
  const thread = reading.host.pages(fetchPage, {
    ids: (page) => page.messages.map((/** @type {any} */ one) => tsIn(one?.ts)).filter(Boolean),
    next: (page) => nextCursor(page) || (page.has_more === true ? NO_CURSOR : ""),
    expired: isExpired,
    tooLarge: isPassing,
    sizes: MESSAGE_PAGES,
  });
  let [answered, whole, readable, above] = [false, true, true, head];
  for await (const page of thread) {
    answered ||= page.messages.length > 0;
    const replies = placedMessages(page.messages, head, above).filter(({ raw }) => raw?.ts !== head);
    above = replies.at(-1)?.near ?? above;
    const { floor, ceiling } = reading.bounds;
    const allowed = replies.filter(({ near }) => near === null || isBetween(near, floor, ceiling));
    whole &&= allowed.length === replies.length;
    // One whose timestamp cannot be read may be any of them: then none of them is missing.
    const told = allowed.filter(({ raw }) => tsIn(raw?.ts) !== undefined);
    readable &&= told.length === allowed.length;
    await emitMessages(reading, channel, told, head);
  }
  if (thread.ended !== "end") return "unfinished";
  if (!readable) return "unreadable";
  return answered ? (whole ? "read" : "open") : null;
}

/** More is there, and no cursor leads to it. */
const NO_CURSOR = { none: true };

/**
 * One that cannot be made a record of costs itself: it is named by its own timestamp, or by what it stands beside.
 * @param {Reading} reading @param {string} channel @param {Read[]} messages @param {string | null} thread
 */
async function emitMessages({ host, people }, channel, messages, thread) {
  const beside = new Map();
  await host.emitEach(
    "messages",
    messages,
    (/** @type {Read} */ { raw, place }) => {
      if (place === null) throw new TypeError("its place cannot be told");
      const { data, mended } = messageData(host, channel, raw, place);
      if (data.user_id) people.met.add(data.user_id);
      return { key: [channel, place.ts], data, mended, op: raw.subtype === "tombstone" ? "delete" : undefined };
    },
    { name: ({ raw, place, near }) => named(raw, place, near) },
  );

  /** @param {any} raw @param {Placed | null} place @param {string | null} near */
  function named(raw, place, near) {
    const head = place?.root ?? thread;
    const position = head ?? tsIn(raw?.ts) ?? near;
    if (position === null) return null;
    const at = { partition: channel, position, member: head !== null && head !== place?.ts };
    const ts = tsIn(raw?.ts);
    if (ts !== undefined) return { key: [channel, ts], ...at };
    const count = (beside.get(near) ?? 0) + 1;
    beside.set(near, count);
    return { key: [channel, `beside ${near ?? position}${count > 1 ? ` (${count})` : ""}`], ...at };
  }
}
