// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * A room's history, newest first, page by page: what the ledger asks for.
 *
 * Owns: pages by the homeserver's tokens, and what is claimed after each. Must not know: what arrives, rooms.
 */

const PAGE = "100";
const FORMAT = JSON.stringify({ event_format: "federation" });

/**
 * @param {Reading} reading @param {string} room @param {Record<string, string>} query
 * @returns {Promise<{events: any[], next: string | null}>}
 */
async function pageOf({ api }, room, query) {
  const answer = await api("messages", `/rooms/${inPath(room)}/messages`, { dir: "b", limit: PAGE, filter: FORMAT, ...query });
  if (!Array.isArray(answer.chunk)) throw new MatrixError("messages", "unreadable", 200, true);
  return { events: answer.chunk, next: textOr(answer.end) };
}

/** What is wanted of a room. @param {Reading} reading @param {string} room */
async function walkRoom(reading, room) {
  for (const window of joined(await reading.host.windows(STREAM, room))) await walk(reading, room, window);
}

/** Windows that touch are read in one go, where no token leads into the lower one. @param {Window_[]} windows */
function joined(windows) {
  /** @type {Window_[]} */
  const found = [];
  for (const window of windows) {
    const above = found.at(-1);
    if (above && window.older === null && above.since !== null && above.since === window.until) {
      above.since = window.since;
    } else {
      found.push({ ...window });
    }
  }
  return found;
}

/** @param {{events: any[], next: string | null}} page @returns {string[]} */
const idsOn = ({ events }) => events.map((event) => event?.event_id).filter((id) => typeof id === "string");

/** Whether the homeserver does not take a token any more. @param {unknown} error */
const isOfToken = (error) => error instanceof MatrixError && error.status === 400;

/**
 * People who write at once make events of one depth, and a page may end among them. So what was read of a page is claimed
 * once the next one has shown where its last depth ends.
 * @param {Reading} reading @param {string} room @param {Window_} window
 * @param {boolean} [again] Whether a token was refused already: then the room is begun anew no more.
 */
async function walk(reading, room, { since, until, older }, again = false) {
  const { host } = reading;
  let token = older;
  let to = older ? until : null;
  let shown = to === null ? null : Number(to);
  /** @type {{since: number, older: string} | null} */
  let read = null;
  const pages = host.pages(
    (cursor) => {
      token = cursor || older;
      return pageOf(reading, room, token === null ? {} : { from: token });
    },
    { ids: idsOn, next: ({ next }) => next ?? undefined },
  );
  try {
    for await (const { events, next } of pages) {
      if ((await take(reading, room, events)) > 0) return;
      shown = await tellHidden(reading, room, events, shown);
      await remember(reading);
      if (next === null && shown !== null && shown > 1) await tellStretch(reading, room, null, shown);
      if (next === null) return host.covered({ stream: STREAM, partition: room, since: null, until: to });
      if (shown !== null && since !== null && shown <= Number(since)) {
        return host.covered({ stream: STREAM, partition: room, since, until: to });
      }
      if (read !== null && shown !== null && shown < read.since) {
        await host.covered({ stream: STREAM, partition: room, since: String(read.since), until: to, older: read.older });
        to = String(read.since);
      }
      if (shown !== null && events.length > 0) read = { since: shown, older: next };
    }
  } catch (error) {
    if (token === null || again || !isOfToken(error)) throw error;
    await host.forget({ stream: STREAM, partition: room, token });
    return walk(reading, room, /** @type {Window_} */ ({ since, until, older: null }), true);
  }
  return host.skip({ stream: STREAM, reason: "list_unfinished", resources: [room] });
}
