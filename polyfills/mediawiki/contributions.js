// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * What the account has written, wherever: one history of all its edits.
 *
 * Owns: how it is asked for. Must not know: what the ledger wants of it and why.
 */

/** @param {Host} host @param {Api} api @param {Survey} survey */
async function collectContributions(host, api, survey) {
  const stream = "contributions";
  const scope = host.scope(stream);
  if (!scope) return;
  const partition = survey.id;
  await host.inventory(stream, [{ key: partition, label: survey.name }], true);
  const bounds = boundsOf(scope.time_range);
  const params = {
    list: "usercontribs",
    ucuser: survey.name,
    ucprop: "ids|title|timestamp|comment|size|sizediff|flags|tags",
    uclimit: "max",
  };
  /** @type {Chronicle} */
  const history = {
    host,
    stream,
    partition,
    bounds,
    ask: (start) => api.pages(stream, { ...params, ...(start && { ucstart: start }) }, (answer) => numbersIn(editsIn(answer))),
    listOf: editsIn,
    recordOf: (item) => editRecord(host, item, CONTRIBUTION, { user_id: partition }),
  };
  for (const span of spansOf(await host.windows(stream, partition), bounds)) await walk(history, span);
}

/** @param {Json} answer */
const editsIn = (answer) => listIn(answer.query?.usercontribs);

/** @param {any[]} items */
const numbersIn = (items) => items.map((item) => String(item?.revid));
