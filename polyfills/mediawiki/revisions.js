// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * All revisions of the account's own pages, with their text: one history for each page, by the page's id, which stays when
 * it is moved.
 *
 * Owns: which pages are read in a run, and what is remembered of each. Must not know: what the ledger keeps.
 *
 * The wiki says of each page when it was last touched: by an edit, a move, by hiding something in it. An import of an old
 * revision, and a restoration in part, touch nothing; numbers and log tell of them (survey.js).
 */

/** A page that nothing is heard of is read again after a week (seconds), this many in a run. */
const READ_AGAIN = 7 * 86_400;
const AGAIN_PER_RUN = 2;
/** A page that was touched so lately (seconds) may be touched again in the same second. */
const SETTLED = 5;
/** Pages after which it is kept what was read. */
const KEPT_EACH = 10;

/** @param {Host} host @param {Api} api @param {Survey} survey */
async function collectRevisions(host, api, survey) {
  const stream = "revisions";
  const scope = host.scope(stream);
  if (!scope) return;
  const state = host.start.state?.[stream];
  const before = Object.entries(state?.partitions ?? {}).filter(([, { status }]) => status === "present" || status === "missing");
  const { pages, gone, complete } = await ownPages(api, survey, before.map(([id]) => id));
  const entries = [...pages.values()].map(({ id, title }) => ({ key: id, label: title }));
  const over = gone.filter((id) => before.some(([known]) => known === id)).map((key) => ({ key, deleted: true }));
  await host.inventory(stream, [...entries, ...over], complete);
  const memory = new Memory(host, survey, state?.cursor);
  for (const page of pages.values()) {
    if (scope.resources && !scope.resources.includes(page.id)) continue;
    if (await collectPage({ host, api, survey, memory, bounds: boundsOf(scope.time_range) }, page)) await memory.keep(page);
  }
  if (scope.resources) await collectNamed({ host, api, survey, memory, bounds: boundsOf(scope.time_range) }, pages, scope.resources);
  await memory.settle(pages);
}

/**
 * A resource may be a revision, too, by its number. @param {Reading} reading @param {Map<string, Page>} pages @param {string[]} resources
 */
async function collectNamed(reading, pages, resources) {
  const numbers = resources.filter((one) => /^[1-9][0-9]{0,14}$/.test(one));
  for (const chunk of chunks(numbers)) {
    const { pageids, rvlimit, ...params } = REVISIONS;
    for (const found of pagesIn(await reading.api.ask({ ...params, revids: chunk.join("|") }))) {
      const page = pages.get(String(found.pageid));
      if (!page || resources.includes(page.id)) continue;
      const items = listIn(found.revisions).filter((item) => isWithin(placeIn(item) ?? "0.0", reading.bounds));
      await reading.host.emitEach("revisions", items, historyOf(reading, page).recordOf);
    }
  }
}

/** What was read of each page, as of when. */
class Memory {
  /** @param {Host} host @param {Survey} survey @param {any} cursor */
  constructor(host, survey, cursor) {
    this.host = host;
    this.survey = survey;
    /** @type {Record<string, [number, string, number]>} The last revision, when it was touched, when it was read. */
    this.pages = survey.renamed ? {} : { ...cursor?.pages };
    this.known = cursor ? { newest: cursor.newest, now: cursor.now, logged: cursor.logged } : {};
    this.again = AGAIN_PER_RUN;
    this.unkept = 0;
  }

  /** Whether a page is as it was when it was read. @param {Page} page */
  isAsRead({ id, last, touched }) {
    const [lastRead, touchedRead] = this.pages[id] ?? [];
    return lastRead === last && touchedRead === touched && !this.survey.arrived.has(id);
  }

  /** Whether it is time to read a page again that nothing was heard of. @param {Page} page */
  isStale({ id }) {
    const stale = !(this.survey.now - (this.pages[id]?.[2] ?? 0) < READ_AGAIN);
    if (stale && this.again > 0) this.again -= 1;
    else return false;
    return true;
  }

  /** It was read whole. @param {Page} page */
  async keep({ id, last, touched }) {
    const settled = Date.parse(touched) / 1000 < this.survey.now - SETTLED;
    if (settled) this.pages[id] = [last, touched, this.survey.now];
    else delete this.pages[id];
    this.unkept += 1;
    if (this.unkept >= KEPT_EACH) await this.tell(this.known);
  }

  /**
   * All pages were dealt with: from now on what arrives is what has a higher number. In a first run each of them was read after
   * its newest revision was there, so that one counts, too: a wiki that was filled by imports tells no newer one.
   * @param {Map<string, Page>} pages
   */
  async settle(pages) {
    const numbers = this.known.newest === undefined ? [...pages.values()].map(({ last }) => last) : [];
    const newest = Math.max(this.survey.newest, ...numbers.filter(Number.isSafeInteger));
    this.pages = Object.fromEntries(Object.entries(this.pages).filter(([id]) => pages.has(id)));
    await this.tell({ newest, now: this.survey.now, logged: this.survey.logged });
  }

  /** @param {{newest?: number, now?: number, logged?: number[]}} known What was looked through: up to which number, when, and what of the log may come again. */
  async tell(known) {
    this.unkept = 0;
    await this.host.state("revisions", { name: this.survey.name, ...known, pages: this.pages });
  }
}

/**
 * @param {Reading} reading @param {Page} page
 * @returns {Promise<boolean>} Whether it was read.
 */
async function collectPage(reading, page) {
  const { host, api, memory, bounds } = reading;
  const stream = "revisions";
  const windows = await host.windows(stream, page.id);
  const wanted = windows.some(({ purpose }) => purpose === "backfill" || purpose === "retry");
  const full = host.start.collection_mode === "full_refresh";
  if (windows.length === 0) return false;
  if (!wanted && !full && memory.isAsRead(page) && !memory.isStale(page)) return false;
  try {
    let whole = true;
    for (const span of spansOf(windows, bounds)) whole = (await walk(historyOf(reading, page), span)) && whole;
    return whole;
  } catch (error) {
    if (!(error instanceof WikiError) || !(await api.isUp())) throw error;
    await host.skip({ stream, reason: "not_answered", resources: [page.id], recovery_hint: "retry_by_runtime" });
    return false;
  }
}

const REVISIONS = {
  pageids: "",
  prop: "revisions",
  rvprop: "ids|timestamp|flags|comment|user|userid|size|sha1|tags|content",
  rvslots: "main",
  rvlimit: "max",
};

/** @param {Reading} reading @param {Page} page @returns {Chronicle} */
function historyOf({ host, api, bounds }, page) {
  const stream = "revisions";
  const params = { ...REVISIONS, pageids: page.id };
  return {
    host,
    stream,
    partition: page.id,
    bounds,
    ask: (start) => api.pages(stream, { ...params, ...(start && { rvstart: start }) }, (answer) => numbersIn(revisionsIn(answer))),
    listOf: revisionsIn,
    recordOf: (item) => editRecord(host, item, REVISION, { page_id: page.id }),
  };
}

/** @param {Json} answer */
const revisionsIn = (answer) => listIn(pagesIn(answer)[0]?.revisions);
