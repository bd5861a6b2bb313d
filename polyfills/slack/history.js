// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Messages: which windows of which conversation are walked, newest first, with the threads that need reading.
 *
 * Owns: walks and what they prove. Must not know: what is stored, high-water, what is missing; the host knows those.
 */

/** Messages asked for at a time: Slack advises at most 200, and large thread pages are known to fail. */
const MESSAGES_PAGE = 200;
/** Conversations read at the same time. The host paces requests; this only hides latency. */
const CONCURRENCY = 3;
/** Conversations in a row that Slack could not answer before the run gives up. */
const FAILURES_IN_A_ROW = 3;

/**
 * Walk every conversation's wanted windows. Returns the version of each conversation that was dealt with, so that the
 * next run knows what has not changed since.
 * @param {Host} host @param {Api} api @param {Survey} survey @param {People} people
 */
async function collectMessages(host, api, survey, people) {
  const versions = { ...knownVersions(host) };
  for (const { id, info } of survey.conversations.values())
    if (typeof info?.updated === "number") versions[id] = info.updated;
  const scope = host.scope("messages");
  if (!scope) return versions;
  const allowed = scope.resources && new Set(scope.resources);
  const bounds = boundsOf(scope.time_range);
  const found = sorted(survey).filter(({ id }) => !allowed || allowed.has(id));
  markSettled(host, found);
  const plans = await Promise.all(
    found.map(async (one) => ({ id: one.id, walks: planWalks(await host.windows("messages", one.id), one, bounds) })),
  );
  const work = plans.filter(({ walks }) => walks.length > 0);
  /** @type {Reading} */
  const reading = { host, api, people, bounds, versions, failures: 0 };
  let done = 0;
  await inParallel(work, async ({ id, walks }) => {
    await readConversation(reading, id, walks);
    await host.progress(`Read ${id}`, { stream: "messages", count: (done += 1), total: work.length });
  });
  return versions;
}

/**
 * Where Slack names no latest message (archived conversations), nothing can be new if the conversation is as it was
 * when a run last succeeded. @param {Host} host @param {Conversation[]} found
 */
function markSettled(host, found) {
  const before = new Map(knownPartitions(host));
  const versions = host.scope("channels") ? knownVersions(host) : null;
  for (const one of found) {
    const sameVersion =
      one.unchanged || (versions === null ? one.info === null : versions[one.id] === one.info?.updated);
    one.settled =
      one.latest === null && one.status !== "active" && before.get(one.id)?.source_status === one.status && sameVersion;
  }
}

/** @param {{since?: string, until?: string} | undefined} range @returns {Bounds} */
function boundsOf(range) {
  return {
    floor: range?.since ? tsOf(range.since) : null,
    ceiling: range?.until ? shift(tsOf(range.until), -1) : null,
  };
}

/**
 * From windows to walks: what is new only if there is something new, its companions only together with it, windows that
 * touch as one newest-first walk.
 * @param {Window_[]} windows @param {Conversation} one @param {Bounds} bounds @returns {Walk[]}
 */
function planWalks(windows, one, bounds) {
  const fresh = windows.some((window) => window.purpose === "new" && isFresh(window, one));
  /** @type {Walk[]} */
  const walks = [];
  for (const window of windows) {
    if (!fresh && (window.purpose === "new" || window.when === "with_new")) continue;
    const segment = clipped(window, one, bounds);
    if (!segment) continue;
    const above = walks.at(-1);
    if (above && above.since !== null && segment.until !== null && compareTs(segment.until, above.since) >= 0) {
      above.segments.push(segment);
      if (segment.since === null || compareTs(segment.since, above.since) < 0) above.since = segment.since;
    } else {
      walks.push({ ...segment, segments: [segment] });
    }
  }
  return walks;
}

/** @param {Window_} window @param {Conversation} one */
function isFresh({ since }, one) {
  if (one.latest === null) return !(one.settled && since !== null);
  return since === null || compareTs(one.latest, since) > 0;
}

/**
 * A window inside the scope's times, its open end pinned to what Slack counted last.
 * @param {Window_} window @param {Conversation} one @param {Bounds} bounds @returns {Segment | null}
 */
function clipped(window, one, { floor, ceiling }) {
  const pin = one.latest === NEVER ? null : one.latest;
  const top = window.until ?? pin;
  const [since, until] = [highest(window.since, floor), lowest(top, ceiling)];
  if (since !== null && until !== null && compareTs(since, until) > 0) return null;
  return { since, until, pinned: top !== null, deep: window.deep };
}

/** @param {string | null} a @param {string | null} b */
const highest = (a, b) => (a === null || (b !== null && compareTs(b, a) > 0) ? b : a);
/** @param {string | null} a @param {string | null} b */
const lowest = (a, b) => (a === null || (b !== null && compareTs(b, a) < 0) ? b : a);

/**
 * Some at a time, begun in order. The first failure stops the others from beginning more.
 * @template T @param {T[]} items @param {(item: T) => Promise<void>} handle
 */
async function inParallel(items, handle) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await handle(item);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: CONCURRENCY }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/**
 * A conversation Slack will not show is a gap of its own; the others go on.
 * @param {Reading} reading @param {string} channel @param {Walk[]} walks
 */
async function readConversation(reading, channel, walks) {
  /** @type {Record<string, {count: number, latest: string | null}>} */
  const stored = {};
  try {
    for (const walk of walks) await new HistoryWalk(reading, channel, walk, stored).run();
    reading.failures = 0;
  } catch (error) {
    const code = error instanceof SlackError ? error.code : /** @type {any} */ (error)?.code;
    const passing = error instanceof SlackError ? error.passing : code === "request_failed";
    if (!(error instanceof SlackError) && !passing) throw error;
    delete reading.versions[channel];
    reading.failures = passing ? reading.failures + 1 : 0;
    const recovery_hint = passing ? "retry_by_runtime" : "upstream_unblock";
    await reading.host.skip({ stream: "messages", reason: code, resources: [channel], recovery_hint });
    if (code === "ratelimited") {
      throw reading.host.fail(
        "rate_limited",
        "Slack asks for a longer pause than this run may take.",
        recovery_hint,
        true,
      );
    }
    if (reading.failures >= FAILURES_IN_A_ROW) {
      throw reading.host.fail("source_unavailable", `Slack stopped answering (${code}).`, recovery_hint, true);
    }
  }
}

/**
 * One newest-first walk over a conversation's history. After each page and its threads the walk says what it has
 * covered, so that a run cut off leaves exactly the hole it has not read.
 *
 * Pages are bounded from above only. Nothing is claimed before it is clear that pages go down in time: one that holds
 * the newest message, one followed by older ones, or the last. Should they go up, the claim waits for the end.
 */
class HistoryWalk {
  /**
   * @param {Reading} reading @param {string} channel @param {Walk} walk
   * @param {Record<string, {count: number, latest: string | null}>} stored
   */
  constructor(reading, channel, walk, stored) {
    this.reading = reading;
    this.channel = channel;
    this.walk = walk;
    this.stored = stored;
    /** @type {string | null} Everything from here up has been claimed. */
    this.edge = walk.pinned ? walk.until : null;
    /** @type {string | null} */
    this.oldest = null;
    /** @type {string | null} */
    this.newest = null;
    this.descending = false;
    this.ascending = false;
    /** @type {Taken} Threads read since the last claim. */
    this.taken = { groups: [], holes: [] };
    this.lost = 0;
    this.barren = 0;
    this.cursor = "";
    /** @type {string | null} */
    this.from = walk.until;
  }

  async run() {
    for (let done = false; !done;) done = await this.page();
    if (this.lost > 0) {
      const message = `${this.lost} threads that their heads announce are not there`;
      await this.reading.host.skip({
        stream: "messages",
        reason: "thread_not_found",
        message,
        resources: [this.channel],
      });
    }
  }

  /** Read one page; true when the walk is at its end. */
  async page() {
    const [oldest, newest] = [this.oldest, this.newest];
    const page = await this.fetch();
    /** @type {Json[]} */
    const messages = page?.messages ?? [];
    this.orient(messages);
    this.barren = this.oldest === oldest && this.newest === newest ? this.barren + 1 : 0;
    if (this.barren > BARREN_PAGES) throw new SlackError("conversations.history", "paging_stalled", true);
    if (!page) return false;
    await this.take(messages.filter((message) => this.isWanted(message.ts)));
    this.cursor = page.response_metadata?.next_cursor ?? "";
    const last = !this.cursor && !page.has_more;
    if (!this.cursor) this.from = this.oldest ?? this.from;
    const reached = this.oldest !== null && this.walk.since !== null && compareTs(this.oldest, this.walk.since) <= 0;
    if (last) await this.finish(page.is_limited === true);
    else if (this.descending) await this.claim(highest(this.oldest, this.walk.since));
    return last || (reached && this.descending);
  }

  /** @returns {Promise<Json | null>} null: the cursor had expired; the walk goes on from the oldest message it saw. */
  async fetch() {
    const params = /** @type {Record<string, string>} */ ({
      channel: this.channel,
      limit: String(MESSAGES_PAGE),
      inclusive: "true",
    });
    if (this.from !== null) params.latest = this.from;
    if (this.cursor) params.cursor = this.cursor;
    try {
      return await this.reading.api.call("conversations.history", params);
    } catch (error) {
      if (!(error instanceof SlackError) || error.code !== "invalid_cursor" || !this.cursor || this.ascending)
        throw error;
      this.cursor = "";
      this.from = this.oldest ?? this.walk.until;
      return null;
    }
  }

  /** Which way do pages go? @param {Json[]} messages */
  orient(messages) {
    const before = this.oldest;
    for (const { ts } of messages) {
      if (before !== null && compareTs(ts, before) > 0 && !this.descending) this.ascending = true;
      if (before !== null && compareTs(ts, before) < 0 && !this.ascending) this.descending = true;
      this.oldest = lowest(this.oldest, ts);
      this.newest = highest(this.newest, ts);
    }
    if (this.walk.until !== null && this.newest === this.walk.until && !this.ascending) this.descending = true;
  }

  /** @param {string} ts */
  isWanted(ts) {
    const { since, until } = this.walk;
    return (since === null || compareTs(ts, since) >= 0) && (until === null || compareTs(ts, until) <= 0);
  }

  /** Hand over a page's messages, then the threads that want reading. @param {Json[]} messages */
  async take(messages) {
    const heads = threadHeads(messages, (ts) => this.isWanted(ts));
    await this.recall(heads, messages);
    await emitMessages(this.reading, this.channel, messages);
    for (const head of heads) {
      if (!this.wantsReading(head)) continue;
      const outcome =
        head.reply_count > 0 || head.subtype === "tombstone"
          ? await readThread(this.reading, this.channel, head)
          : "read";
      if (outcome === "read") this.taken.groups.push(head.ts);
      if (outcome === "open") this.taken.holes.push(head.ts);
      if (outcome === "lost" && this.isWanted(head.ts)) this.lost += 1;
    }
  }

  /**
   * Ask what is stored of the threads that are compared, before any of their replies on this page are handed over, and
   * once per thread: broadcasts of an earlier page must not change the answer.
   * @param {Json[]} heads @param {Json[]} messages
   */
  async recall(heads, messages) {
    const ids = new Set(heads.filter((head) => !this.isDeep(head.ts)).map((head) => head.ts));
    for (const message of messages) if (isReply(message)) ids.add(message.thread_ts);
    const unknown = [...ids].filter((id) => !(id in this.stored));
    if (unknown.length > 0)
      Object.assign(this.stored, await this.reading.host.groups("messages", this.channel, unknown));
  }

  /** @param {string} ts */
  isDeep(ts) {
    const segment = this.walk.segments.find(({ since }) => since === null || compareTs(ts, since) >= 0);
    return this.isWanted(ts) && segment !== undefined && segment.deep;
  }

  /** @param {Json} head */
  wantsReading(head) {
    if (this.isDeep(head.ts)) return true;
    const { count = 0, latest = null } = this.stored[head.ts] ?? {};
    const latestReply = head.reply_count > 0 ? (head.latest_reply ?? null) : null;
    return (
      count !== (head.reply_count ?? 0) ||
      (latestReply !== null && latest !== null && compareTs(latest, latestReply) !== 0)
    );
  }

  /**
   * The bottom of the walk: what it asked for, or where Slack begins to hide what is older.
   * @param {boolean} limited
   */
  async finish(limited) {
    const { since } = this.walk;
    const until = this.edge ?? this.newest ?? (since === null ? NEVER : null);
    if (until === null) return;
    this.edge = until;
    const hides = limited && (since === null || this.oldest === null || compareTs(this.oldest, since) > 0);
    // Where nothing is shown at all, what is hidden reaches beyond everything that was asked for.
    await this.claim(since, hides ? (this.oldest ?? shift(until, 1)) : undefined);
  }

  /**
   * Everything from `since` up to what was claimed before is read. A thread that could not be read keeps its page open:
   * only what lies above it is claimed, so that the next run finds the hole.
   * @param {string | null} since @param {string} [limitedBefore]
   */
  async claim(since, limitedBefore) {
    const until = this.edge ?? this.newest;
    if (until === null) return;
    const hole = this.taken.holes.reduce(highest, null);
    const from = hole === null ? since : shift(hole, 1);
    if (from === null || compareTs(from, until) <= 0) {
      const groups = this.taken.groups.filter((ts) => isBetween(ts, from, until));
      const covered = { stream: "messages", partition: this.channel, since: from, until, groups };
      await this.reading.host.covered(
        limitedBefore === undefined ? covered : { ...covered, limited_before: limitedBefore },
      );
    }
    this.taken = { groups: [], holes: [] };
    if (since !== null) this.edge = hole === null ? since : shift(since, -1);
  }
}

/**
 * The heads of this page's threads: roots in it, and older roots that a broadcast on it brings along.
 * @param {Json[]} messages @param {(ts: string) => boolean} inWalk
 */
function threadHeads(messages, inWalk) {
  const heads = new Map(messages.filter((message) => !isReply(message)).map((message) => [message.ts, message]));
  for (const { root } of messages) if (root?.ts && !inWalk(root.ts) && !heads.has(root.ts)) heads.set(root.ts, root);
  return [...heads.values()];
}

/** @param {Json} message */
const isReply = (message) => message.thread_ts !== undefined && message.thread_ts !== message.ts;

/**
 * All replies of a thread, in as many pages as it takes. Pages may repeat the root or not, and may come empty.
 * "read": all of them; "open": try again in another run; "lost": Slack says that there is no such thread.
 * @param {Reading} reading @param {string} channel @param {Json} head @returns {Promise<"read" | "open" | "lost">}
 */
async function readThread(reading, channel, head) {
  const params = { channel, ts: head.ts, limit: String(MESSAGES_PAGE) };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      let [answered, whole] = [false, true];
      for await (const page of pages(reading.api, "conversations.replies", params)) {
        /** @type {Json[]} */
        const messages = page.messages ?? [];
        answered ||= messages.length > 0;
        const replies = messages.filter((message) => message.ts !== head.ts);
        const allowed = replies.filter(({ ts }) => isBetween(ts, reading.bounds.floor, reading.bounds.ceiling));
        whole &&= allowed.length === replies.length;
        await emitMessages(reading, channel, allowed);
      }
      if (answered) return whole ? "read" : "open";
    } catch (error) {
      if (!(error instanceof SlackError)) throw error;
      if (error.code === "thread_not_found") return "lost";
      if (error.code !== "invalid_cursor") throw error;
    }
  }
  return "open";
}

/** @param {Reading} reading @param {string} channel @param {Json[]} messages */
async function emitMessages({ host, people }, channel, messages) {
  /** @type {RecordMessage[]} */
  const records = messages.map((message) => {
    if (message.user) people.met.add(message.user);
    const gone = message.subtype === "tombstone";
    return {
      stream: "messages",
      key: [channel, message.ts],
      data: messageData(channel, message),
      op: gone ? "delete" : "upsert",
    };
  });
  if (records.length > 0) await host.emit(...records);
}
