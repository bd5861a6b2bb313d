// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Messages: which windows of which conversation are walked, newest first, with the threads that need reading.
 *
 * Owns: what walks read and prove. Must not know: what is stored, high-water, what is missing; the host knows those.
 */

/** Messages asked for at a time: Slack advises at most 200. Some conversations and threads answer only for fewer. */
const MESSAGE_PAGES = [200, 50, 10, 1];
/** Times an answer without any message, the head included, is asked for again before a thread is given up. */
const EMPTY_THREADS = 3;
/** Pages in a row that bring nothing new before a walk goes on without its cursor, and before it is given up. */
const CIRCLING_PAGES = 6;
const BARREN_PAGES = 20;
/** Places of a walk that are stepped over before the rest is left to the next run. */
const STEPS_OVER = 20;
/** Windows of a conversation in a row that may fail before the rest is left to the next run. */
const FAILED_WALKS = 3;
/** Conversations read at the same time. The host paces requests; this only hides latency. */
const CONCURRENCY = 3;

/**
 * Walk every conversation's wanted windows. Returns the version of each conversation that was dealt with, so that the
 * next run knows what has not changed since.
 * @param {Host} host @param {Api} api @param {Survey} survey @param {People} people
 */
async function collectMessages(host, api, survey, people) {
  const versions = { ...knownVersions(host) };
  for (const { id, info } of survey.conversations.values())
    if (Number.isSafeInteger(info?.updated)) versions[id] = info?.updated;
  for (const id of survey.doubtful) delete versions[id];
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
  const reading = { host, api, people, bounds, versions, trouble: new Trouble(host, api, work.map(({ id }) => id)), probes: { left: PROBES } };
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
 * A conversation Slack will not show is a gap of its own, and so is a window of it; the others go on.
 * @param {Reading} reading @param {string} channel @param {Walk[]} walks
 */
async function readConversation(reading, channel, walks) {
  /** @type {Record<string, {count: number, latest: string | null}>} */
  const stored = {};
  /** @type {SlackError | null} */
  let broken = null;
  let failed = 0;
  for (const wanted of walks) {
    const walk = new HistoryWalk(reading, channel, wanted, stored);
    try {
      await walk.run();
      reading.trouble.none();
      failed = 0;
    } catch (error) {
      if (!(error instanceof SlackError)) throw error;
      broken = error;
      failed = walk.oldest === null ? failed + 1 : 0;
      if (!isPassing(error) || failed >= FAILED_WALKS) break;
    }
  }
  if (broken === null) return;
  delete reading.versions[channel];
  const { code, hint } = broken;
  await reading.host.skip({ stream: "messages", reason: code, resources: [channel], recovery_hint: hint });
  await reading.trouble.met(broken, channel);
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
    /** @type {string | null} The end of what is known. Where nothing as new comes any more, it is gone. */
    this.known = walk.segments.filter(({ pinned }) => pinned).reduce((top, { until }) => highest(top, until), /** @type {string | null} */ (null));
    /** @type {string | null} */
    this.oldest = null;
    /** @type {string | null} */
    this.newest = null;
    this.descending = false;
    this.ascending = false;
    /** @type {Taken} Threads read since the last claim. */
    this.taken = { groups: [], holes: [] };
    /** Stretches that hold something whose place cannot be told. @type {{above: string | null, below: string}[]} */
    this.gaps = [];
    /** Such a one was the last that came: what lies below it is not known yet. */
    this.isOpen = false;
    this.barren = 0;
    this.resumed = false;
    this.size = 0;
    this.stepped = 0;
    /** @type {SlackError | null} A place that was stepped over did not answer. */
    this.broken = null;
    this.cursor = "";
    /** @type {string | null} */
    this.from = walk.until;
  }

  async run() {
    for (let done = false; !done;) done = await this.page();
    if (this.broken) throw this.broken;
  }

  /** Read one page; true when the walk is at its end. */
  async page() {
    const [oldest, newest] = [this.oldest, this.newest];
    const page = await this.fetch();
    const read = placedMessages(page?.messages ?? [], null, oldest ?? this.from);
    if (read.length > 0 && read.every(({ place }) => place === null)) throw new SlackError("conversations.history", "unreadable", true);
    this.noteGaps(read);
    this.orient(read.flatMap(({ raw }) => tsIn(raw?.ts) ?? []));
    this.barren = this.oldest === oldest && this.newest === newest ? this.barren + 1 : 0;
    if (!page && this.barren > BARREN_PAGES) throw unfinished("conversations.history");
    const reached = this.oldest !== null && this.walk.since !== null && compareTs(this.oldest, this.walk.since) <= 0;
    if (!page && reached && this.descending) await this.claim(this.walk.since);
    if (!page) return reached && this.descending;
    await this.take(read.filter(({ near }) => near !== null && this.isWanted(near)));
    this.cursor = this.next(page);
    const last = !this.cursor && !page.has_more;
    if (!this.cursor) this.from = this.oldest ?? this.from;
    if (last) await this.finish(page.is_limited === true);
    else if (this.descending) await this.claim(highest(this.oldest, this.walk.since));
    if (!last && this.barren > BARREN_PAGES) throw unfinished("conversations.history");
    return last || (reached && this.descending);
  }

  /** Where to go on: by the cursor, unless it leads in circles; then once from the oldest message. @param {Json} page */
  next(page) {
    const cursor = nextCursor(page);
    if (!cursor) return "";
    if (typeof cursor !== "string") throw unfinished("conversations.history");
    if (this.barren < CIRCLING_PAGES || this.resumed || this.ascending || this.oldest === null) return cursor;
    this.resumed = true;
    this.from = this.oldest;
    return "";
  }

  /** @returns {Promise<Json | null>} null: the cursor had expired; the walk goes on from the oldest message it saw. */
  async fetch() {
    for (;;) {
      const params = /** @type {Record<string, string>} */ ({
        channel: this.channel,
        limit: String(MESSAGE_PAGES[this.size]),
        inclusive: "true",
      });
      if (this.from !== null) params.latest = this.from;
      if (this.cursor) params.cursor = this.cursor;
      try {
        const page = await this.reading.api.call("conversations.history", params, { list: "messages", once: this.size > 0 });
        this.size = Math.max(0, this.size - 1);
        return page;
      } catch (error) {
        if (isPassing(error) && this.size + 1 < MESSAGE_PAGES.length) {
          this.size += 1;
          continue;
        }
        if (isExpired(error) && this.cursor && !this.ascending) {
          this.cursor = "";
          this.from = this.oldest ?? this.walk.until;
        } else await this.stepOver(error);
        return null;
      }
    }
  }

  /**
   * A place in the history that does not answer, however small the page: go on below it. Where it is one message, that is
   * named; else what lies between is not claimed, and the walk fails at its end. @param {unknown} error
   */
  async stepOver(error) {
    const base = this.oldest ?? this.from;
    if (!(error instanceof SlackError) || !isPassing(error) || base === null || this.ascending) throw error;
    await this.reading.trouble.met(error, this.channel);
    this.stepped += 1;
    if (this.stepped <= STEPS_OVER && (await this.passBroken(error))) return;
    const below = this.stepped > STEPS_OVER ? null : await belowBroken(this.reading.api, this.channel, base, this.walk.since);
    if (below === null) throw error;
    this.broken = error;
    this.cursor = "";
    this.from = below;
    this.edge = below;
    this.size = 0;
  }

  /** Whether it is the next message that does not answer: it is read in another way, or named. @param {SlackError} error */
  async passBroken(error) {
    const near = this.oldest === null ? this.from : shift(this.oldest, -1);
    const ts = near === null ? null : await brokenMessage(this.reading, this.channel, near, this.walk.since);
    if (ts === null) return false;
    const raw = await messageAsThread(this.reading, this.channel, ts);
    const read = placedMessages([raw ?? { ts }], null, ts);
    this.noteGaps(read);
    this.orient([ts]);
    if (raw) await this.take(read);
    else await this.reading.host.exception(messageException(this.channel, ts, error));
    this.cursor = "";
    this.from = shift(ts, -1);
    this.size = 0;
    return true;
  }

  /** Which way do pages go? @param {string[]} times */
  orient(times) {
    const before = this.oldest;
    for (const ts of times) {
      if (before !== null && compareTs(ts, before) > 0 && !this.descending) this.ascending = true;
      if (before !== null && compareTs(ts, before) < 0 && !this.ascending) this.descending = true;
      this.oldest = lowest(this.oldest, ts);
      this.newest = highest(this.newest, ts);
    }
    if (this.walk.until !== null && this.newest === this.walk.until && !this.ascending) this.descending = true;
  }

  /**
   * A message whose timestamp cannot be read lies somewhere between its neighbours: that stretch is not claimed.
   * @param {Read[]} read
   */
  noteGaps(read) {
    let above = this.oldest;
    for (const { raw } of read) {
      const ts = tsIn(raw?.ts);
      if (ts !== undefined && this.isOpen && (above === null || compareTs(ts, above) < 0)) this.gaps.push({ above, below: ts });
      this.isOpen = ts === undefined || (this.isOpen && above !== null && compareTs(ts, above) >= 0);
      above = ts ?? above;
    }
  }

  /** @param {string} ts */
  isWanted(ts) {
    const { since, until } = this.walk;
    return (since === null || compareTs(ts, since) >= 0) && (until === null || compareTs(ts, until) <= 0);
  }

  /** Hand over a page's messages, then the threads that want reading. @param {Read[]} messages */
  async take(messages) {
    const heads = threadHeads(messages, (ts) => this.isWanted(ts));
    await this.recall(heads, messages);
    await emitMessages(this.reading, this.channel, messages, null);
    for (const head of heads) {
      if (!this.wantsReading(head)) continue;
      const silent = head.replies === 0 && head.subtype !== "tombstone";
      const outcome = silent ? "read" : await readThread(this.reading, this.channel, head.ts);
      if (outcome === "read") this.taken.groups.push(head.ts);
      else if (outcome === "open") this.taken.holes.push(head.ts);
      else await this.reading.host.exception(groupException(this.channel, head.ts, outcome));
    }
  }

  /**
   * Ask what is stored of the threads that are compared, before any of their replies on this page are handed over, and
   * once per thread: broadcasts of an earlier page must not change the answer.
   * @param {Placed[]} heads @param {Read[]} messages
   */
  async recall(heads, messages) {
    const ids = new Set(heads.filter((head) => !this.isDeep(head.ts)).map((head) => head.ts));
    for (const { place } of messages) if (place && isReply(place)) ids.add(/** @type {string} */ (place.root));
    const unknown = [...ids].filter((id) => !(id in this.stored));
    if (unknown.length > 0)
      Object.assign(this.stored, await this.reading.host.groups("messages", this.channel, unknown));
  }

  /** @param {string} ts */
  isDeep(ts) {
    const segment = this.walk.segments.find(({ since }) => since === null || compareTs(ts, since) >= 0);
    return this.isWanted(ts) && segment !== undefined && segment.deep;
  }

  /** @param {Placed} head */
  wantsReading(head) {
    if (this.isDeep(head.ts) || head.replies === null) return true;
    const { count = 0, latest = null } = this.stored[head.ts] ?? {};
    const latestReply = head.replies > 0 ? head.latest : null;
    return count !== head.replies || (latestReply !== null && latest !== null && compareTs(latest, latestReply) !== 0);
  }

  /**
   * The bottom of the walk: what it asked for, or where Slack begins to hide what is older.
   * @param {boolean} limited
   */
  async finish(limited) {
    const { since } = this.walk;
    const until = this.top() ?? (since === null ? NEVER : null);
    if (until === null) return;
    this.edge = until;
    if (this.isOpen) return this.oldest === null ? undefined : this.claim(highest(this.oldest, since));
    const hides = limited && (since === null || this.oldest === null || compareTs(this.oldest, since) > 0);
    // Where nothing is shown at all, what is hidden reaches beyond everything that was asked for.
    await this.claim(since, hides ? (this.oldest ?? shift(until, 1)) : undefined);
  }

  /** Up to where the next claim goes. */
  top() {
    return this.edge ?? highest(this.newest, this.known);
  }

  /**
   * Everything from `since` up to what was claimed before is read. A thread that could not be read keeps its page open:
   * only what lies above it is claimed, so that the next run finds the hole.
   * @param {string | null} since @param {string} [limitedBefore]
   */
  async claim(since, limitedBefore) {
    for (const { above, below } of this.gaps.splice(0)) {
      const [from, until] = [highest(above, this.walk.since), this.top()];
      if (above !== null && until !== null) await this.claimPiece(from, until);
      this.edge = below;
    }
    const until = this.top();
    if (until === null) return;
    const hole = this.taken.holes.reduce(highest, null);
    await this.claimPiece(hole === null ? since : shift(hole, 1), until, limitedBefore);
    this.taken = { groups: [], holes: [] };
    if (since !== null) this.edge = hole === null ? since : shift(since, -1);
  }

  /** @param {string | null} since @param {string} until @param {string} [limitedBefore] */
  async claimPiece(since, until, limitedBefore) {
    const { groups, holes } = this.taken;
    const hole = holes.filter((ts) => isBetween(ts, since, until)).reduce(highest, null);
    const from = hole === null ? since : shift(hole, 1);
    if (from !== null && compareTs(from, until) > 0) return;
    const covered = { stream: "messages", partition: this.channel, since: from, until };
    const read = { ...covered, groups: groups.filter((ts) => isBetween(ts, from, until)) };
    await this.reading.host.covered(limitedBefore === undefined ? read : { ...read, limited_before: limitedBefore });
  }
}
