// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Questions to api.php and its answers.
 *
 * Owns: what each question carries, what an error of the wiki's means to a run, lists that go on. Must not know: what is
 * asked for, what becomes of it.
 */

/** Seconds that its copies of the database may lag behind before the wiki asks to be left alone. */
const MAXLAG = "5";
/** What each question carries: the second way of writing answers, and that nobody wants what strangers see. */
const COMMON = { action: "query", format: "json", formatversion: "2", maxlag: MAXLAG, assert: "user" };
/** The wiki's words for "not signed in any more". */
const SIGNED_OUT = ["assertuserfailed", "assertnameduserfailed", "readapidenied"];
/** The wiki's words for "not now". */
const PAUSES = ["maxlag", "ratelimited"];

/** A refusal of the wiki's. `passing`: it may answer another time. */
class WikiError extends Error {
  /** @param {string} code @param {boolean} passing */
  constructor(code, passing) {
    super(`The wiki answered ${code}.`);
    this.code = code;
    this.passing = passing;
  }
}

/** @param {Outcome} answer */
const asksForPause = ({ json }) => PAUSES.includes(json?.error?.code);

class Api {
  /** @param {Host} host @param {string} address */
  constructor(host, address) {
    this.host = host;
    this.address = address;
  }

  /**
   * One question. @param {Record<string, string>} params @returns {Promise<Json>}
   */
  async ask(params) {
    const modules = [params.prop, params.list, params.generator, params.meta].filter(Boolean).join(" ");
    const query = new URLSearchParams({ ...COMMON, ...params });
    const { status, ok, json } = await this.host.request(`${this.address}?${query}`, { endpoint: `query ${modules}` });
    const code = typeof json?.error?.code === "string" ? json.error.code : undefined;
    if (code !== undefined && SIGNED_OUT.includes(code)) {
      throw this.host.fail("signed_out", "The wiki no longer accepts this session.", "refresh_credentials");
    }
    if (code !== undefined) throw new WikiError(code, PAUSES.includes(code) || code.startsWith("internal_api_error"));
    if (!ok || json === null || typeof json !== "object") throw new WikiError(`status_${status}`, true);
    return json;
  }

  /**
   * A question whose answer comes in pages, in turn; the wiki says how each next one is asked for.
   * @param {string} stream Named where the answer does not come to its end.
   * @param {Record<string, string>} params @param {(answer: Json) => Iterable<string>} ids
   */
  pages(stream, params, ids) {
    return this.host.pages((cursor) => this.ask({ ...params, ...(cursor ? JSON.parse(cursor) : {}) }), {
      ids,
      next: (answer) => (answer.continue ? JSON.stringify(answer.continue) : undefined),
      stream,
    });
  }

  /** Whether the wiki answers at all. */
  isUp() {
    return this.host.isUp(() => this.ask({ meta: "userinfo" }));
  }
}

/** The list at a name of an answer, whatever else came. @param {any} list @returns {any[]} */
const listIn = (list) => (Array.isArray(list) ? list : []);
