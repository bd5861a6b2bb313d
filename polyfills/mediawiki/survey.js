// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * The first question of a run: who this is, which wiki, and where something happened since the last run.
 *
 * Owns: the wiki's numbers of revisions as the order in which they arrive, however old the time they carry (an import gives
 * new numbers to old revisions); its log (a page that was deleted and restored in part looks as it did). Must not know:
 * what is read where something happened.
 */

/** Numbers that one question may name. */
const NUMBERS = 50;
/** Seconds before the last run that are looked at again in the log: an entry may have been written while it was read. */
const OVERLAP = 60;
/** Questions that a run asks for new numbers. Where a wiki writes more than that between two runs, nobody looks. */
const LOOKS = 6;

/**
 * @param {Host} host @param {Api} api @returns {Promise<Survey>}
 */
async function lookAround(host, api) {
  const kept = host.start.state?.revisions?.cursor;
  const last = Number.isSafeInteger(kept?.newest) ? kept.newest : null;
  const said = await api.ask({
    meta: "userinfo|siteinfo",
    siprop: "general|namespaces",
    list: last === null ? "recentchanges" : "recentchanges|logevents",
    rcprop: "ids",
    rctype: "edit|new",
    rclimit: "1",
    ...(last === null ? {} : { ...numbersAbove(last), ...logSince(kept.now) }),
    curtimestamp: "1",
  });
  const { userinfo, general, namespaces, recentchanges } = said.query ?? {};
  if (!Number.isSafeInteger(userinfo?.id) || typeof userinfo?.name !== "string") throw new WikiError("unreadable", false);
  const told = listIn(recentchanges)[0]?.revid;
  const logged = said.continue?.lecontinue === undefined ? listIn(said.query.logevents) : [];
  const unread = logged.filter(({ logid }) => !listIn(kept?.logged).includes(logid));
  const now = Date.parse(said.curtimestamp) / 1000;
  const survey = {
    id: String(userinfo.id),
    name: userinfo.name,
    general: general ?? {},
    namespaces: namespaces ?? {},
    now,
    logged: logged.filter(({ timestamp }) => !(Date.parse(timestamp) / 1000 < now - OVERLAP)).map(({ logid }) => logid),
    newest: Math.max(last ?? 0, Number.isSafeInteger(told) ? told : 0),
    arrived: new Set(unread.flatMap(({ pageid, logpage }) => [String(pageid), String(logpage)])),
    renamed: kept?.name !== undefined && kept.name !== userinfo.name,
  };
  if (last !== null && survey.newest - last <= NUMBERS * LOOKS) await lookFurther(api, survey, last, said);
  return survey;
}

/** What the wiki's log holds since then; where it is more than one answer, nobody looks. @param {any} now @returns {Record<string, string>} */
function logSince(now) {
  const all = { leprop: "ids|timestamp", lelimit: "max" };
  return Number.isFinite(now) ? { ...all, leend: stampAt(now - OVERLAP) } : all;
}

/** @param {number} last */
function numbersAbove(last) {
  const numbers = Array.from({ length: NUMBERS }, (_, index) => last + 1 + index);
  return { revids: numbers.join("|"), prop: "revisions", rvprop: "ids" };
}

/**
 * The pages that have revisions of a number above the last one, as long as there are any.
 * @param {Api} api @param {Survey} survey @param {number} last @param {Json} first
 */
async function lookFurther(api, survey, last, first) {
  let [said, from] = [first, last];
  for (let looks = 1; ; looks += 1) {
    const found = listIn(said.query?.pages).flatMap((page) => listIn(page?.revisions).map(({ revid }) => [page.pageid, revid]));
    for (const [page, number] of found) {
      survey.arrived.add(String(page));
      survey.newest = Math.max(survey.newest, number);
    }
    from += NUMBERS;
    if (looks >= LOOKS || survey.newest <= from - NUMBERS) return;
    if (survey.newest < from && found.length < NUMBERS / 2) return;
    said = await api.ask(numbersAbove(from));
  }
}
