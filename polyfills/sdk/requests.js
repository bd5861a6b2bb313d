// @ts-check
/**
 * Requests to the site: a permit first, the fetch, and the host is told how it went.
 *
 * Owns: the request loop, what an outcome is, whether it asks for a pause. Must not know: when a request may be sent (the host's governor knows).
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  const REQUEST_TIMEOUT = 60_000;
  const TOO_MANY_REQUESTS = 429;
  /** Characters of an endpoint's name: docs/protocol.md. */
  const ENDPOINT_CHARACTERS = 255;
  /** Attempts without an answer after which a server of another origin is asked whether it answers at all. */
  const UNREAD_AFTER = 2;
  const UNREAD_METHODS = ["GET", "HEAD", "POST"];
  /** Seconds of a pause that are believed at most, as of a Retry-After (the host's governor). */
  const LONGEST_TOLD = 30 * 86_400;

  /**
   * @param {(method: string, params: Record<string, unknown>) => Promise<any>} call
   * @param {import("./polyfill.d.ts").Host["fail"]} fail
   */
  sdk.makeRequests = (call, fail) => {
    /** @type {[string, number][]} Outcomes the governor has not heard of; they ride on the next call. */
    let outcomes = [];

    /** How the site asks for a pause in the body of an answer. @type {((answer: import("./polyfill.d.ts").Outcome) => any) | undefined} */
    let rule;

    /** Worth asking the host about: it may say "again". @param {number} status */
    const retriable = (status) => status === 0 || status === 408 || status === 429 || status >= 500;

    /** @param {string} url @param {import("./polyfill.d.ts").RequestOptions} options */
    async function request(url, options = {}) {
      const target = new URL(url, location.href);
      const endpoint = options.endpoint ?? target.pathname.slice(0, ENDPOINT_CHARACTERS);
      const reported = outcomes;
      outcomes = [];
      await call("permit", { endpoint, host: target.hostname, outcomes: reported });
      let answersUnread = false;
      for (let attempt = 1; ; attempt += 1) {
        const { outcome, failure } = await attemptRequest(target, options);
        const pause = outcome ? pauseInBody(outcome) : undefined;
        const status = pause === undefined ? (outcome?.status ?? 0) : TOO_MANY_REQUESTS;
        if (outcome && !retriable(status)) {
          outcomes.push([endpoint, status]);
          return outcome;
        }
        if (outcome && pause !== undefined) outcome.ok = false;
        if (!outcome && answersUnread) {
          outcomes.push([endpoint, status]);
          throw crossOrigin(endpoint, target);
        }
        const retryAfter = outcome ? pauseInHeaders(outcome.headers) : null;
        const repeats = !options.once || status === TOO_MANY_REQUESTS;
        const again =
          repeats &&
          (outcome || attempt < (options.attempts ?? Infinity)) &&
          (await call("retry", { endpoint, status, retry_after: retryAfter, pause: pause ?? null, attempt }));
        if (!repeats) outcomes.push([endpoint, status]);
        if (again) {
          if (!outcome && attempt === UNREAD_AFTER) answersUnread = await isUnread(endpoint, target, options);
          continue;
        }
        if (outcome) return outcome;
        throw fail("request_failed", `${endpoint}: no answer after ${attempt} attempts (${failure})`, "retry_by_runtime", true);
      }
    }

    /**
     * Whether a server of another origin answers, and only its answer is kept from this page: the browser tells a script no
     * difference. So it is asked the same once more in a way whose answer nobody may read.
     * @param {string} endpoint @param {URL} target @param {import("./polyfill.d.ts").RequestOptions} options
     */
    async function isUnread(endpoint, target, { method, body, credentials, timeout }) {
      const asked = (method ?? (body === undefined ? "GET" : "POST")).toUpperCase();
      if (target.origin === location.origin || !UNREAD_METHODS.includes(asked)) return false;
      try {
        await call("permit", { endpoint, host: target.hostname, outcomes: [] });
        await fetch(target, {
          method: asked,
          body: typeof body === "object" ? new URLSearchParams(body) : body,
          credentials: credentials ?? "include",
          mode: "no-cors",
          cache: "no-store",
          signal: AbortSignal.timeout(timeout ?? REQUEST_TIMEOUT),
        });
        return true;
      } catch {
        return false;
      }
    }

    /** @param {string} endpoint @param {URL} target */
    const crossOrigin = (endpoint, target) =>
      fail(
        "cross_origin",
        `${target.host} lets no page of ${location.host} read its answers (CORS); ask it from a page of its own: host.moveTo (${endpoint})`,
        "retry_on_connector_upgrade",
        false,
      );

    /** @param {URL} target @param {import("./polyfill.d.ts").RequestOptions} options */
    async function attemptRequest(target, options) {
      const [body, timeout] = [options.body ?? undefined, options.timeout ?? REQUEST_TIMEOUT];
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), timeout);
      try {
        const response = await fetch(target, {
          method: options.method ?? (body === undefined ? "GET" : "POST"),
          headers: options.headers ?? undefined,
          body: typeof body === "object" ? new URLSearchParams(body) : body,
          credentials: options.credentials ?? "include",
          cache: "no-store",
          signal: controller.signal,
        });
        return { outcome: outcomeOf(response, await response.text()) };
      } catch (error) {
        return { failure: controller.signal.aborted ? `timed out after ${timeout} ms` : /** @type {any} */ (error)?.name };
      } finally {
        clearTimeout(timer);
      }
    }

    /** @param {Response} response @param {string} text @returns {import("./polyfill.d.ts").Outcome} */
    function outcomeOf(response, text) {
      /** @type {{value: any} | undefined} */
      let parsed;
      /** @type {Record<string, string>} */
      const headers = {};
      response.headers.forEach((value, name) => (headers[name] = value));
      return {
        status: response.status,
        ok: response.ok,
        headers,
        text,
        url: response.url,
        get json() {
          parsed ??= { value: parse(text) };
          return parsed.value;
        },
      };
    }

    /**
     * What the site wants to be waited for. A date is told in seconds after the answer's own date, where it has one: the
     * clock of this machine may be wrong. @param {Record<string, string>} headers
     */
    function pauseInHeaders(headers) {
      const told = headers["retry-after"] ?? null;
      if (told === null || /^\s*\d+\s*$/.test(told)) return told;
      const seconds = (Date.parse(told) - Date.parse(headers.date ?? "")) / 1000;
      return Number.isFinite(seconds) ? String(Math.max(0, Math.ceil(seconds))) : told;
    }

    /**
     * Seconds that the body asks for; null where it asks and does not say how long; undefined where it does not ask. What the
     * rule gives besides is a wrong call, and costs nothing else. @param {import("./polyfill.d.ts").Outcome} outcome
     */
    function pauseInBody(outcome) {
      if (rule === undefined) return undefined;
      try {
        const told = rule(outcome) ?? false;
        if (typeof told === "boolean") return told ? null : undefined;
        if (told instanceof Promise) told.catch(() => {});
        if (typeof told === "number") return Number.isNaN(told) ? undefined : told < 0 ? null : Math.min(told, LONGEST_TOLD);
      } catch {
        // counted like everything else that is no answer
      }
      void call("refused", { method: "slowDown" });
      return undefined;
    }

    /** @param {(answer: import("./polyfill.d.ts").Outcome) => any} given */
    function slowDown(given) {
      rule = given;
    }

    /** @param {string} text */
    function parse(text) {
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    }

    return { request, slowDown };
  };
})();
