// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * What the account watches, and the files it has uploaded: two lists, read whole in every run.
 *
 * Owns: how both are asked for in one go. Must not know: what was there before.
 */

/** @param {Host} host @param {Api} api @param {Survey} survey */
async function collectLists(host, api, survey) {
  const [watchlist, uploads] = [host.scope("watchlist"), host.scope("uploads")];
  if (!watchlist && !uploads) return;
  const lists = [...(watchlist ? ["watchlistraw"] : []), ...(uploads ? ["allimages"] : [])];
  const watched = { wrlimit: "max" };
  const uploaded = { aisort: "timestamp", aiuser: survey.name, aiprop: "timestamp|size|sha1|mime|url|comment", ailimit: "max" };
  const params = { list: lists.join("|"), ...(watchlist && watched), ...(uploads && uploaded) };
  const named = (/** @type {Json} */ answer) => [...watchedIn(answer), ...filesIn(answer)].map(({ title }) => String(title));
  const answers = api.pages(watchlist ? "watchlist" : "uploads", params, named);
  for await (const answer of answers) {
    if (watchlist) {
      const wanted = watchedIn(answer).filter(({ title }) => !watchlist.resources || watchlist.resources.includes(title));
      await host.emitEach("watchlist", wanted, (item) => watchedRecord(host, item), { name: byTitle });
    }
    if (uploads) {
      const wanted = filesIn(answer).filter((file) => isWanted(file, uploads));
      await host.emitEach("uploads", wanted, (item) => uploadRecord(host, item), { name: byTitle });
    }
  }
  const streams = [...(watchlist ? ["watchlist"] : []), ...(uploads ? ["uploads"] : [])];
  if (answers.ended !== "end") {
    if (streams.length > 1) await host.skip({ stream: "uploads", reason: "list_unfinished", recovery_hint: "retry_by_runtime" });
    return;
  }
  for (const stream of streams) {
    await host.progress(`Read all of ${stream}`, { stream, count: 0 });
    await host.enumerated(stream);
  }
}

/** @param {any} item */
const byTitle = (item) => ({ key: String(item?.title) });

/** @param {Json} file @param {import("../sdk/polyfill").StreamScope} scope */
function isWanted({ title, timestamp }, { resources, time_range }) {
  const bounds = boundsOf(time_range);
  return (!resources || resources.includes(title)) && isWithin(placeOf(timestamp, 1) ?? bounds.floor ?? "0.0", bounds);
}

/** The wiki writes this list beside `query`, not in it. @param {Json} answer @returns {any[]} */
const watchedIn = (answer) => [...listIn(answer.watchlistraw), ...listIn(answer.query?.watchlistraw)];

/** @param {Json} answer @returns {any[]} */
const filesIn = (answer) => listIn(answer.query?.allimages);
