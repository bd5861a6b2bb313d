// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * From the windows that the ledger wants to walks: which of them are worth a request, and which are read in one go.
 *
 * Owns: what is new, the scope's times. Must not know: how a walk is read.
 */

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
