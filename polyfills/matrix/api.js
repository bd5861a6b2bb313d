// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * The client-server API of a homeserver: one call, and what follows from its errors.
 *
 * Owns: the request's form, which errors pass. Must not know: what is asked for, or why.
 */

/** A call that the homeserver refused, for a reason other than the session. `code` is its own, or one of ours. */
class MatrixError extends Error {
  /** @param {string} endpoint @param {string} code @param {number} status @param {boolean} passing Worth trying again later. */
  constructor(endpoint, code, status, passing) {
    super(`${endpoint}: ${code}`);
    this.name = "MatrixError";
    this.code = code;
    this.status = status;
    this.passing = passing;
  }

  /** Why something was not taken, in the words of an exception. @returns {import("../sdk/polyfill").Exception["reason"]} */
  get reason() {
    if (this.code === "unreadable") return "unreadable";
    if (this.status === 404) return "not_found";
    return this.passing ? "not_answered" : "refused";
  }
}

const SIGNED_OUT = new Set(["M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"]);
/** How this site asks for a pause. @param {Outcome} outcome */
const asksForPause = ({ json }) =>
  json?.errcode === "M_LIMIT_EXCEEDED" ? (typeof json.retry_after_ms === "number" ? json.retry_after_ms / 1000 : true) : false;

/** @param {Host} host @param {{base: string, token: string}} session @returns {Api} */
function matrixApi(host, { base, token }) {
  return async (endpoint, path, query = {}) => {
    const asked = new URLSearchParams(query);
    const outcome = await answered(host, endpoint, `${base}/_matrix/client/v3${path}?${asked}`, token);
    if (outcome.ok && outcome.json !== null && typeof outcome.json === "object") return outcome.json;
    const code = typeof outcome.json?.errcode === "string" ? outcome.json.errcode : outcome.ok ? "unreadable" : `${outcome.status}`;
    if (SIGNED_OUT.has(code)) {
      throw host.fail("signed_out", "The homeserver no longer accepts this session.", "refresh_credentials");
    }
    throw new MatrixError(endpoint, code, outcome.status, outcome.ok || outcome.status >= 500 || outcome.status === 429);
  };
}

/** @param {Host} host @param {string} endpoint @param {string} url @param {string} token */
async function answered(host, endpoint, url, token) {
  try {
    return await host.request(url, { headers: { Authorization: `Bearer ${token}` }, credentials: "omit", endpoint });
  } catch (error) {
    if (/** @type {any} */ (error)?.code !== "request_failed") throw error;
    throw new MatrixError(endpoint, "request_failed", 0, true);
  }
}

/** Whether the homeserver answers at all. @param {Host} host @param {Api} api */
const isUp = (host, api) => host.isUp(() => api("joined_rooms", "/joined_rooms"));

/** A room as it stands in a path. @param {string} id */
const inPath = (id) => encodeURIComponent(id);
