// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Which message breaks every page that holds it: told by asking for ever smaller ranges of a history or a thread.
 *
 * Owns: how such a message is found, what it costs, the other way to it. Must not know: walks, what is claimed.
 *
 * The first message of a range is on its page however small the page is. So a range that begins where the last page ended
 * fails for as long as it reaches to the broken message, and is answered where it ends before: that place is its timestamp.
 */

/** Requests of a run that look for such messages; one costs some thirty. What is left then is not claimed. */
const PROBES = 300;
/** Microseconds that ranges are first tried with. */
const REACHES = [0, ...[1, 60, 3_600, 86_400, 30 * 86_400, 365 * 86_400].map((seconds) => seconds * 1_000_000)];
/** Earlier and later than any message. */
const FIRST = "0000000001.000000";
const LAST = "9000000000.000000";

/** @param {string} ts */
function microsOf(ts) {
  const [seconds, micros] = partsOf(ts);
  return seconds * 1_000_000 + micros;
}

/** @param {number} micros */
const tsAt = (micros) => tsFrom(Math.floor(micros / 1_000_000), micros % 1_000_000);

/**
 * The message nearest to one end of a range, where it is what breaks its pages; null where it cannot be told.
 * @param {(from: string, to: string) => Promise<boolean | null>} answers Whether a range is answered for, both ends in it; null: no more may be asked.
 * @param {string} near @param {string} far The end that is looked from, and the other one.
 */
async function firstBroken(answers, near, far) {
  const [start, sign] = [microsOf(near), compareTs(far, near) < 0 ? -1 : 1];
  const distance = Math.abs(microsOf(far) - start);
  /** @param {number} from @param {number} to */
  const ask = (from, to) => {
    const [one, other] = [tsAt(start + sign * from), tsAt(start + sign * to)];
    return sign < 0 ? answers(other, one) : answers(one, other);
  };
  let [works, fails] = [-1, -1];
  for (const reach of [...REACHES.filter((reach) => reach < distance), distance]) {
    const answered = await ask(0, reach);
    if (answered === null) return null;
    if (!answered) {
      fails = reach;
      break;
    }
    works = reach;
  }
  if (fails < 0) return null;
  while (fails - works > 1) {
    const middle = Math.floor((works + fails) / 2);
    const answered = await ask(0, middle);
    if (answered === null) return null;
    if (answered) works = middle;
    else fails = middle;
  }
  // Where nothing at all was answered, it may be that nothing is.
  if (works < 0 && (await ask(1, 1)) !== true) return null;
  return tsAt(start + sign * fails);
}

/** @param {Reading} reading @param {string} method @param {Record<string, string>} params */
function rangeOf(reading, method, params) {
  return async (/** @type {string} */ oldest, /** @type {string} */ latest) => {
    if (reading.probes.left <= 0) return null;
    reading.probes.left -= 1;
    try {
      await reading.api.call(method, { ...params, oldest, latest, inclusive: "true" }, { list: "messages", once: true });
      return true;
    } catch (error) {
      if (!isPassing(error)) throw error;
      return false;
    }
  };
}

/** The newest message down from `near`, where it breaks its pages. @param {Reading} reading @param {string} channel @param {string} near @param {string | null} since */
function brokenMessage(reading, channel, near, since) {
  const far = since ?? FIRST;
  if (compareTs(near, far) < 0) return Promise.resolve(null);
  return firstBroken(rangeOf(reading, "conversations.history", { channel, limit: "1" }), near, far);
}

/** The oldest reply after `after`, where it breaks its pages; the head is on each of them. @param {Reading} reading @param {string} channel @param {string} head @param {string} after */
const brokenReply = (reading, channel, head, after) =>
  firstBroken(rangeOf(reading, "conversations.replies", { channel, ts: head, limit: "2" }), shift(after, 1), LAST);

/**
 * A message that history does not answer for, as the thread that it heads; null where that is not answered either.
 * @param {Reading} reading @param {string} channel @param {string} ts @returns {Promise<Json | null>}
 */
async function messageAsThread(reading, channel, ts) {
  const params = { channel, ts, oldest: ts, latest: ts, inclusive: "true", limit: "2" };
  try {
    const page = await reading.api.call("conversations.replies", params, { list: "messages", once: true });
    return page.messages.find((/** @type {any} */ one) => one?.ts === ts) ?? null;
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    return null;
  }
}

/**
 * A message that nothing is answered for, by its timestamp. `head`: of the thread that it is a reply in.
 * @param {string} channel @param {string} ts @param {SlackError} error @param {string} [head]
 */
const messageException = (channel, ts, error, head) => ({
  stream: "messages",
  kind: /** @type {const} */ ("record"),
  key: [channel, ts],
  reason: error.reason,
  partition: channel,
  position: head ?? ts,
  member: head !== undefined,
});
