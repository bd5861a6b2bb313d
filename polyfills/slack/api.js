// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Slack's web API from inside the page: one call, its errors by what follows from them, lists page by page.
 *
 * Owns: the request's form, the two hosts that answer it, which errors pass. Must not know: what is asked for, or why.
 */

/** Times a call is sent when Slack answers 200 with a passing trouble; the host retries 429 and 5xx itself. */
const ATTEMPTS = 3;
/** Pages in a row that bring nothing new before a walk is given up: filters leave some empty, not this many. */
const BARREN_PAGES = 20;
const RETRY_MS = 1_000;

const REAUTH = new Set([
  "not_authed",
  "invalid_auth",
  "token_revoked",
  "token_expired",
  "account_inactive",
  "two_factor_setup_required",
]);
const PASSING = new Set(["ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"]);

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

  /** @param {string} method @param {Record<string, string>} params */
  async function send(method, params) {
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
        });
        settled = true;
        return outcome;
      } catch (error) {
        if (settled) throw error;
        settled = true;
        bases.shift();
      }
    }
  }

  /** @param {string} method @param {Record<string, string>} [params] @returns {Promise<Json>} */
  async function call(method, params = {}) {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await send(method, params);
      if (outcome.json?.ok === true) return outcome.json;
      const code = errorOf(outcome);
      if (REAUTH.has(code)) throw signedOut(host);
      const passing = PASSING.has(code);
      if (!passing || attempt >= ATTEMPTS || !outcome.ok) throw new SlackError(method, code, passing);
      await host.sleep(retryDelay(outcome, attempt));
    }
  }

  return { call };
}

/** One word for what went wrong; answers that are no JSON are named after what they mean. @param {Outcome} outcome */
function errorOf(outcome) {
  if (outcome.status === 429) return "ratelimited";
  if (typeof outcome.json?.error === "string") return outcome.json.error;
  if (outcome.status === 401 || outcome.status === 403 || isSignIn(outcome.url)) return "not_authed";
  return "service_unavailable";
}

/** @param {Outcome} outcome @param {number} attempt */
function retryDelay(outcome, attempt) {
  const told = Number(outcome.headers["retry-after"]);
  return told > 0 ? told * 1000 : RETRY_MS * attempt;
}

/**
 * Every page of a list method, following cursors to their end; short and empty pages are no end.
 * @param {Api} api @param {string} method @param {Record<string, string>} params
 */
async function* pages(api, method, params) {
  let cursor = "";
  for (let repeated = 0; repeated <= BARREN_PAGES;) {
    const page = await api.call(method, cursor ? { ...params, cursor } : params);
    yield page;
    const next = page.response_metadata?.next_cursor ?? "";
    if (!next) return;
    repeated = next === cursor ? repeated + 1 : 0;
    cursor = next;
  }
  throw new SlackError(method, "paging_stalled", true);
}
