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

/**
 * One reading of it; null where nothing came, not even its head. A reply that breaks every page that holds it is named, and
 * the thread goes on after it. @param {Reading} reading @param {string} channel @param {string} head
 */
async function readReplies(reading, channel, head) {
  const replies = new Replies(reading, channel, head);
  for (;;) {
    try {
      return await replies.read();
    } catch (error) {
      if (!(error instanceof SlackError) || !isPassing(error) || !replies.ascending) throw error;
      const ts = await brokenReply(reading, channel, head, replies.newest);
      if (ts === null) throw error;
      await reading.host.exception(messageException(channel, ts, error, head));
      replies.goOnAfter(ts);
    }
  }
}

/** How far one thread is read. */
class Replies {
  /** @param {Reading} reading @param {string} channel @param {string} head */
  constructor(reading, channel, head) {
    this.reading = reading;
    this.channel = channel;
    this.head = head;
    /** The latest reply that came or was named; the head before there is one. */
    this.newest = head;
    this.ascending = true;
    /** @type {Record<string, string>} */
    this.params = { channel, ts: head };
    this.answered = false;
    this.whole = true;
    this.readable = true;
    this.above = head;
  }

  /** @param {string} ts */
  goOnAfter(ts) {
    this.newest = ts;
    this.answered = true;
    this.params = { channel: this.channel, ts: this.head, oldest: shift(ts, 1), latest: LAST, inclusive: "true" };
  }

  /** @returns {Promise<"read" | "open" | "unfinished" | "unreadable" | null>} */
  async read() {
    const thread = this.pages();
    for await (const page of thread) await this.take(page);
    if (thread.ended !== "end" || (this.params.oldest && !this.ascending)) return "unfinished";
    if (!this.readable) return "unreadable";
    return this.answered ? (this.whole ? "read" : "open") : null;
  }

  pages() {
    const fetchPage = (/** @type {string} */ cursor, /** @type {number} */ size) => {
      const asked = { ...this.params, limit: String(size), ...(cursor && { cursor }) };
      return this.reading.api.call("conversations.replies", asked, { list: "messages", once: size < MESSAGE_PAGES[0] });
    };
    return this.reading.host.pages(fetchPage, {
      ids: (page) => page.messages.map((/** @type {any} */ one) => tsIn(one?.ts)).filter(Boolean),
      next: (page) => nextCursor(page) || (page.has_more === true ? NO_CURSOR : ""),
      expired: isExpired,
      tooLarge: isPassing,
      sizes: MESSAGE_PAGES,
    });
  }

  /** @param {Json} page */
  async take(page) {
    this.answered ||= page.messages.length > 0;
    const replies = placedMessages(page.messages, this.head, this.above).filter(({ raw }) => raw?.ts !== this.head);
    this.above = replies.at(-1)?.near ?? this.above;
    this.orient(replies.flatMap(({ raw }) => tsIn(raw?.ts) ?? []));
    const { floor, ceiling } = this.reading.bounds;
    const allowed = replies.filter(({ near }) => near === null || isBetween(near, floor, ceiling));
    this.whole &&= allowed.length === replies.length;
    // One whose timestamp cannot be read may be any of them: then none of them is missing.
    const told = allowed.filter(({ raw }) => tsIn(raw?.ts) !== undefined);
    this.readable &&= told.length === allowed.length;
    await emitMessages(this.reading, this.channel, told, this.head);
  }

  /** Whether they come oldest first: only then is it known what lies before one that does not answer. @param {string[]} times */
  orient(times) {
    for (const [at, ts] of times.entries()) {
      if (at > 0 && compareTs(ts, times[at - 1]) < 0) this.ascending = false;
      if (compareTs(ts, this.newest) > 0) this.newest = ts;
    }
  }
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
