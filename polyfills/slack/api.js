// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Slack's web API from inside the page: one call, its errors by what follows from them, lists page by page.
 *
 * Owns: the request's form, the two hosts that answer it, which errors pass. Must not know: what is asked for, or why.
 */

/** Times a call is sent when Slack answers 200 with a passing trouble; the host repeats what asks for a pause and 5xx itself. */
const ATTEMPTS = 3;
/** Repetitions of a run for such answers, and more of them for each that went well: trouble everywhere is not waited out. */
const REPETITIONS = 10;
const REPETITIONS_EACH = 0.2;
const RETRY_MS = 1_000;

const REAUTH = new Set([
  "not_authed",
  "invalid_auth",
  "token_revoked",
  "token_expired",
  "account_inactive",
  "two_factor_setup_required",
]);
const PASSING = new Set([
  "ratelimited",
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "request_failed",
  "unreadable",
]);

/** A method that Slack refused, for a reason other than the session. `code` is Slack's own, or one of ours. */
class SlackError extends Error {
  /** @param {string} method @param {string} code @param {boolean} passing Worth trying again later. */
  constructor(method, code, passing = false) {
    super(`${method}: ${code}`);
    this.name = "SlackError";
    this.code = code;
    this.passing = passing;
    this.hint = passing ? "retry_by_runtime" : "upstream_unblock";
  }

  /** Why something was not taken, in the words of an exception. @returns {import("../sdk/polyfill").Exception["reason"]} */
  get reason() {
    if (this.code === "unreadable") return "unreadable";
    if (this.code === "list_unfinished") return "unfinished";
    if (this.code.endsWith("_not_found")) return "not_found";
    return this.passing ? "not_answered" : "refused";
  }
}

/**
 * Slack's API as its web client calls it. The workspace's own host answers credentialed requests of app.slack.com when
 * `_x_gantry` is set; where it does not, app.slack.com offers the same methods.
 * @param {Host} host @param {Session} session @returns {Api}
 */
function slackApi(host, session) {
  const bases = session.url ? [session.url, `${APP}/`] : [`${APP}/`];
  let settled = bases.length === 1;
  let calls = 0;

  /** @param {string} method @param {Record<string, string>} params @param {boolean} [once] Do not repeat it. */
  async function send(method, params, once = false) {
    const query = new URLSearchParams({
      _x_id: `noversion-${Date.now()}.${++calls}`,
      slack_route: session.team,
      _x_gantry: "true",
    });
    const body = { token: session.token, ...params, _x_mode: "online", _x_sonic: "true", _x_app_name: "client" };
    for (;;) {
      try {
        const attempts = settled ? undefined : 1;
        const outcome = await host.request(`${bases[0]}api/${method}?${query}`, {
          method: "POST",
          body,
          endpoint: method,
          attempts,
          once,
        });
        settled = true;
        return outcome;
      } catch (error) {
        if (settled && /** @type {any} */ (error)?.code === "request_failed") throw new SlackError(method, "request_failed", true);
        if (settled) throw error;
        settled = true;
        bases.shift();
      }
    }
  }

  let repetitions = REPETITIONS;

  /** Whether Slack knows this session, where it is asked for nothing else. null: it does not say. */
  async function isSignedIn() {
    const outcome = await send("auth.test", {});
    return outcome.json?.ok === true ? true : denies(outcome) ? false : null;
  }

  /**
   * What follows from a refusal that may be the session's: an answer that is none may be this method's alone.
   * @param {string} method @param {Outcome} outcome @param {string} code
   */
  async function refused(method, outcome, code) {
    const explicit = outcome.json?.error === code;
    const signedIn = method === "auth.test" ? (denies(outcome) ? false : null) : await isSignedIn();
    if (signedIn === false || (signedIn === null && explicit)) return signedOut(host);
    return new SlackError(method, explicit ? code : "access_denied", signedIn === null);
  }

  /** @type {Api["call"]} */
  async function call(method, params = {}, { list, once = false } = {}) {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await send(method, params, once);
      const answered = outcome.json?.ok === true;
      if (answered && (list === undefined || Array.isArray(outcome.json[list]))) {
        repetitions += REPETITIONS_EACH;
        return outcome.json;
      }
      const code = answered ? "unreadable" : errorOf(outcome);
      if (REAUTH.has(code)) throw await refused(method, outcome, code);
      const passing = PASSING.has(code);
      const again = passing && outcome.ok && !once && attempt < ATTEMPTS && repetitions >= 1;
      if (!again) throw new SlackError(method, code, passing);
      repetitions -= 1;
      await host.sleep(retryDelay(outcome, attempt));
    }
  }

  return { call };
}

/** Whether this asks for a pause and is no 429. @param {Outcome} outcome */
const asksForPause = ({ json }) => json?.ok === false && json.error === "ratelimited";

/** Whether this says that the session is not accepted. @param {Outcome} outcome */
const denies = (outcome) => REAUTH.has(outcome.json?.error) || outcome.status === 401 || isSignIn(outcome.url);

/** One word for what went wrong; answers that are no JSON are named after what they mean. @param {Outcome} outcome */
function errorOf(outcome) {
  if (outcome.status === 429) return "ratelimited";
  if (typeof outcome.json?.error === "string") return outcome.json.error;
  if (outcome.status === 401 || outcome.status === 403 || isSignIn(outcome.url)) return "not_authed";
  return outcome.status >= 500 ? "service_unavailable" : "unreadable";
}

/** @param {Outcome} outcome @param {number} attempt */
function retryDelay(outcome, attempt) {
  const told = Number(outcome.headers["retry-after"]);
  return told > 0 ? told * 1000 : RETRY_MS * attempt;
}

/**
 * Every page of a list method, to its end or for as long as it brings something new. What was left out is said.
 * @param {Host} host @param {Api} api @param {string} method @param {Record<string, string>} params
 * @param {{list: string, stream: string}} of The name of the list in its answers, and what it is a list of.
 */
function listPages(host, api, method, params, { list, stream }) {
  return host.pages((cursor) => api.call(method, cursor ? { ...params, cursor } : params, { list }), {
    ids: (page) => page[list].map((/** @type {any} */ one) => one?.id).filter((/** @type {any} */ id) => typeof id === "string"),
    next: nextCursor,
    expired: isExpired,
    stream,
  });
}

/** @param {Json} page */
const nextCursor = (page) => page.response_metadata?.next_cursor;

/** A list that goes in circles, or does not go on. @param {string} method */
const unfinished = (method) => new SlackError(method, "list_unfinished", true);

/** @param {any} error */
const isExpired = (error) => error instanceof SlackError && error.code === "invalid_cursor";

/** Whether the trouble may be with what was asked for, and a smaller question may be answered. @param {any} error */
const isPassing = (error) => error instanceof SlackError && error.passing && error.code !== "ratelimited";
