// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * The account's own pages: its user page and its talk, what lies below those, what it has begun, and the talk about that.
 *
 * Owns: which pages these are, as of now, and what became of those that were. Must not know: what stands in them.
 */

const [USER, USER_TALK] = ["2", "3"];
/** Pages that one question may name. */
const NAMED = 50;

/**
 * Every own page by its id.
 * @param {Api} api @param {Survey} survey @param {string[]} known Ids of pages that earlier runs met.
 * @returns {Promise<{pages: Map<string, Page>, gone: string[], complete: boolean}>} `complete`: nothing can be missing.
 */
async function ownPages(api, survey, known) {
  /** @type {Map<string, Page>} */
  const pages = new Map();
  const named = new Set(known);
  const complete = await listPages(api, survey.name, pages, named);
  const gone = [];
  /** @type {Set<string>} */
  const talks = new Set();
  for (const ids of chunks([...named].filter((id) => !pages.has(id)))) gone.push(...(await byId(api, ids, pages, talks)));
  for (const ids of chunks([...talks].filter((id) => !pages.has(id)))) await byId(api, ids, pages, new Set());
  return { pages, gone, complete };
}

/**
 * In one go: the account's user page and what lies below it, with what is known of each; and the ids of its talk pages and of
 * what it has begun anywhere. @param {Api} api @param {string} name @param {Map<string, Page>} pages @param {Set<string>} named
 */
async function listPages(api, name, pages, named) {
  const params = {
    ...{ generator: "allpages", gapnamespace: USER, gapprefix: name, gaplimit: "max", prop: "info", inprop: "talkid" },
    ...{ list: "allpages|usercontribs", apnamespace: USER_TALK, apprefix: name, aplimit: "max" },
    ...{ ucuser: name, ucshow: "new", ucprop: "ids", uclimit: "max" },
  };
  const listed = (/** @type {Json} */ answer) => listIn(answer.query?.allpages);
  const ids = (/** @type {Json} */ answer) => [
    ...[...pagesIn(answer), ...listed(answer)].map(({ pageid }) => `page ${pageid}`),
    ...numbersIn(editsIn(answer)),
  ];
  const answers = api.pages("revisions", params, ids);
  for await (const answer of answers) {
    for (const page of pagesIn(answer)) if (isBelow(page, name)) take(page, pages, named);
    for (const { pageid } of listed(answer).filter((page) => isBelow(page, name))) named.add(String(pageid));
    for (const { pageid } of editsIn(answer)) if (Number.isSafeInteger(pageid) && pageid > 0) named.add(String(pageid));
  }
  return answers.ended === "end";
}

/** Its own page, or one below it; not that of somebody whose name begins alike. @param {Json} page @param {string} name */
function isBelow({ title }, name) {
  const bare = String(title).slice(String(title).indexOf(":") + 1);
  return bare === name || bare.startsWith(`${name}/`);
}

/**
 * Pages by their ids. @param {Api} api @param {string[]} ids @param {Map<string, Page>} pages @param {Set<string>} talks
 * @returns {Promise<string[]>} Those that the wiki does not have any more.
 */
async function byId(api, ids, pages, talks) {
  const said = await api.ask({ pageids: ids.join("|"), prop: "info", inprop: "talkid" });
  const found = pagesIn(said);
  for (const page of found) if (!page.missing) take(page, pages, talks);
  return found.filter((page) => page.missing === true).map(({ pageid }) => String(pageid));
}

/** @param {Json} page @param {Map<string, Page>} pages @param {Set<string>} talks */
function take(page, pages, talks) {
  if (!Number.isSafeInteger(page.pageid)) return;
  const id = String(page.pageid);
  pages.set(id, { id, title: String(page.title), last: page.lastrevid, touched: page.touched });
  if (Number.isSafeInteger(page.talkid)) talks.add(String(page.talkid));
}

/** @param {Json} answer @returns {any[]} */
const pagesIn = (answer) => listIn(answer.query?.pages);

/** @param {string[]} ids */
const chunks = (ids) => Array.from({ length: Math.ceil(ids.length / NAMED) }, (_, at) => ids.slice(at * NAMED, (at + 1) * NAMED));
