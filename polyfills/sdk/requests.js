// @ts-check
/**
 * Requests to the site: a permit first, the fetch, and the host is told how it went.
 *
 * Owns: the request loop and what an outcome is. Must not know: when a request may be sent (the host's governor knows).
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  const REQUEST_TIMEOUT = 60_000;
  const TOO_MANY_REQUESTS = 429;
  /** Characters of an endpoint's name: docs/protocol.md. */
  const ENDPOINT_CHARACTERS = 255;

  /**
   * @param {(method: string, params: Record<string, unknown>) => Promise<any>} call
   * @param {import("./polyfill.d.ts").Host["fail"]} fail
   */
  sdk.makeRequest = (call, fail) => {
    /** @type {[string, number][]} Outcomes the governor has not heard of; they ride on the next call. */
    let outcomes = [];

    /** Worth asking the host about: it may say "again". @param {number} status */
    const retriable = (status) => status === 0 || status === 408 || status === 429 || status >= 500;

    /** @param {string} url @param {import("./polyfill.d.ts").RequestOptions} options */
    async function request(url, options = {}) {
      const target = new URL(url, location.href);
      const endpoint = options.endpoint ?? target.pathname.slice(0, ENDPOINT_CHARACTERS);
      const reported = outcomes;
      outcomes = [];
      await call("permit", { endpoint, host: target.hostname, outcomes: reported });
      for (let attempt = 1; ; attempt += 1) {
        const { outcome, failure } = await attemptRequest(target, options);
        const status = outcome?.status ?? 0;
        if (outcome && !retriable(status)) {
          outcomes.push([endpoint, status]);
          return outcome;
        }
        const retryAfter = outcome ? pauseOf(outcome.headers) : null;
        const repeats = !options.once || status === TOO_MANY_REQUESTS;
        const again =
          repeats &&
          (outcome || attempt < (options.attempts ?? Infinity)) &&
          (await call("retry", { endpoint, status, retry_after: retryAfter, attempt }));
        if (!repeats) outcomes.push([endpoint, status]);
        if (again) continue;
        if (outcome) return outcome;
        throw fail("request_failed", `${endpoint}: no answer after ${attempt} attempts (${failure})`, "retry_by_runtime", true);
      }
    }

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
    function pauseOf(headers) {
      const told = headers["retry-after"] ?? null;
      if (told === null || /^\s*\d+\s*$/.test(told)) return told;
      const seconds = (Date.parse(told) - Date.parse(headers.date ?? "")) / 1000;
      return Number.isFinite(seconds) ? String(Math.max(0, Math.ceil(seconds))) : told;
    }

    /** @param {string} text */
    function parse(text) {
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    }

    return request;
  };
})();
