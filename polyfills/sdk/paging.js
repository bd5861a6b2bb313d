// @ts-check
/**
 * Reads that come in pages, whatever the source does with its cursors; and whether a site answers at all.
 *
 * Owns: where a list is at, what it has gained, when it is given up and by which name. Must not know: any site, what a
 * page holds beyond the ids a script finds in it.
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  /** Pages in a row that bring nothing new: filters leave some empty, and a site in trouble too, not this many. */
  const BARREN_PAGES = 20;
  /** Times that one cursor is followed after pages of what had come before. One that came empty may be asked for again. */
  const SAME_CURSOR = 5;
  /** Times that a list is begun anew because a cursor has expired: in a row without anything new, and in all. */
  const FRUITLESS_STARTS = 3;
  const STARTS = 10;

  /** What a list has come to so far, and when it is given up. */
  class Course {
    constructor() {
      /** Everything that came, over all beginnings. @type {Set<string>} */
      this.met = new Set();
      /** What came since the list was begun. @type {Set<string>} */
      this.round = new Set();
      /** How often each cursor was followed since something new came. @type {Map<string, number>} */
      this.followed = new Map();
      this.barren = 0;
      this.wasEmpty = false;
      this.starts = 0;
      this.fruitless = 0;
      this.metAtStart = 0;
    }

    /** A page came. @param {Iterable<string>} ids */
    page(ids) {
      const before = this.round.size;
      this.wasEmpty = true;
      for (const id of ids) {
        this.wasEmpty = false;
        this.round.add(id);
        this.met.add(id);
      }
      if (this.round.size > before) {
        this.barren = 0;
        this.followed.clear();
      } else this.barren += 1;
    }

    /** Whether to follow this cursor. @param {string} cursor @returns {"circle" | "stalled" | undefined} */
    follow(cursor) {
      const times = (this.followed.get(cursor) ?? 0) + (this.wasEmpty ? 0 : 1);
      this.followed.set(cursor, times);
      if (times > SAME_CURSOR) return "circle";
      return this.barren > BARREN_PAGES ? "stalled" : undefined;
    }

    /** A cursor has expired. @returns {"expired" | undefined} */
    again() {
      this.fruitless = this.met.size > this.metAtStart ? 0 : this.fruitless + 1;
      this.metAtStart = this.met.size;
      this.starts += 1;
      this.round = new Set();
      this.followed = new Map();
      this.barren = 0;
      return this.fruitless > FRUITLESS_STARTS || this.starts > STARTS ? "expired" : undefined;
    }
  }

  /**
   * @param {object} ways
   * @param {(left: any) => Promise<void>} ways.skip
   * @returns {import("./polyfill.d.ts").Host["pages"]}
   */
  sdk.makePages = ({ skip }) => (fetchPage, how) => {
    const course = new Course();
    /** @type {any} */
    let ended;

    /** One page; undefined where its cursor had expired. @param {string} cursor @param {{size: number}} at */
    async function fetched(cursor, at) {
      const sizes = how.sizes ?? [];
      for (;;) {
        try {
          return await fetchPage(cursor, sizes[at.size] ?? 0);
        } catch (error) {
          if (cursor && how.expired?.(error)) return undefined;
          if (at.size + 1 >= sizes.length || !how.tooLarge?.(error)) throw error;
          at.size += 1;
        }
      }
    }

    /** @param {any} page @returns {Iterable<string>} */
    function idsOf(page) {
      const ids = how.ids(page);
      if (typeof (/** @type {any} */ (ids)?.[Symbol.iterator]) === "function") return ids;
      throw new TypeError("host.pages: how.ids gave something that is not a list of ids");
    }

    async function* walk() {
      const at = { size: 0 };
      for (let cursor = ""; ended === undefined;) {
        const page = await fetched(cursor, at);
        if (page === undefined) {
          cursor = "";
          ended = course.again();
          continue;
        }
        course.page(idsOf(page));
        yield page;
        const next = how.next(page);
        if (!next) ended = "end";
        else if (typeof next !== "string") ended = "stalled";
        else ended = course.follow((cursor = next));
      }
      if (ended !== "end" && how.stream !== undefined) {
        await skip({ stream: how.stream, reason: "list_unfinished", recovery_hint: "retry_by_runtime" });
      }
    }

    return {
      [Symbol.asyncIterator]: walk,
      get ended() {
        return ended;
      },
      get gained() {
        return course.met.size;
      },
    };
  };

  /** @type {import("./polyfill.d.ts").Host["isUp"]} */
  sdk.isUp = async (...asks) => {
    for (const ask of asks) {
      try {
        if ((await ask()) !== false) return true;
      } catch (error) {
        const { name, code } = /** @type {any} */ (error) ?? {};
        if (name === "PolyfillFailure" && code !== "request_failed") throw error;
      }
    }
    return false;
  };
})();
