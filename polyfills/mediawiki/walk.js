// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * A history, read newest first, page by page: from the windows that the ledger wants to what may be claimed of it.
 *
 * Owns: which windows are read in one go, what each page proves. Must not know: whose history it is, how it is asked for.
 *
 * A page is asked for by where it begins, never by where it is to end: it costs the wiki one question either way, and a
 * history that is short is then read whole, down to what arrived with an old time.
 */

/**
 * Windows that touch become one walk; each is cut to the scope's times.
 * @param {Window_[]} windows @param {Bounds} bounds @returns {Span[]}
 */
function spansOf(windows, { floor, ceiling }) {
  /** @type {Span[]} */
  const spans = [];
  for (const window of windows) {
    const [since, until] = [highest(window.since, floor), lowest(window.until, ceiling)];
    if (since !== null && until !== null && comparePlaces(since, until) > 0) continue;
    const above = spans.at(-1);
    if (!above || above.since === null || until === null || comparePlaces(until, above.since) < 0) {
      if (above?.since === null) continue;
      spans.push({ since, until });
    } else if (since === null || comparePlaces(since, above.since) < 0) above.since = since;
  }
  return spans;
}

/**
 * @param {Chronicle} history @param {Span} span
 * @returns {Promise<boolean>} Whether all of it was read, or at least what lies in the span.
 */
async function walk({ host, stream, partition, bounds, ask, listOf, recordOf }, { since, until }) {
  let to = until;
  const pages = ask(until === null ? undefined : stampOf(until));
  for await (const answer of pages) {
    const items = listOf(answer);
    const inside = items.filter((item) => isWithin(placeIn(item) ?? bounds.floor ?? "0.0", bounds));
    await host.emitEach(stream, inside, recordOf, {
      name: (item) => ({ key: String(item.revid), partition, position: placeIn(item) }),
    });
    const oldest = items.map(placeIn).filter((place) => place !== undefined).at(-1);
    if (oldest === undefined || !answer.continue) continue;
    const past = since !== null && comparePlaces(oldest, since) <= 0;
    const reached = past ? since : oldest;
    if (to === null || comparePlaces(reached, to) <= 0) {
      await host.covered({ stream, partition, since: reached, until: to });
      to = reached;
    }
    if (past) return true;
  }
  if (pages.ended !== "end") return false;
  await host.covered({ stream, partition, since: bounds.floor, until: to });
  return true;
}

/** @param {any} item */
const placeIn = (item) => placeOf(item?.timestamp, item?.revid);
