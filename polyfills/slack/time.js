// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Slack's timestamps: decimal text, compared and shifted as two integers, never as one number.
 *
 * Owns: that arithmetic. Must not know: what a timestamp belongs to.
 */

const TS = /^\d{10}\.\d{6}$/;

/** A timestamp as Slack writes it, and undefined for anything else. @param {any} value @returns {string | undefined} */
const tsIn = (value) => (typeof value === "string" && TS.test(value) ? value : undefined);

/** @param {string} ts @returns {[number, number]} Seconds and microseconds. */
function partsOf(ts) {
  const [seconds, fraction = ""] = ts.split(".");
  return [Number(seconds), Number(fraction.padEnd(6, "0"))];
}

/** As two integers, never as a float. @param {string} a @param {string} b */
function compareTs(a, b) {
  const [left, right] = [partsOf(a), partsOf(b)];
  return left[0] - right[0] || left[1] - right[1];
}

/** @param {string} ts @param {string | null} since @param {string | null} until */
const isBetween = (ts, since, until) =>
  (since === null || compareTs(ts, since) >= 0) && (until === null || compareTs(ts, until) <= 0);

/** @param {number} seconds @param {number} micros */
const tsFrom = (seconds, micros) => `${String(seconds).padStart(10, "0")}.${String(micros).padStart(6, "0")}`;

/** The next moment, or the one before: Slack counts microseconds. @param {string} ts @param {1 | -1} step */
function shift(ts, step) {
  const [seconds, micros] = partsOf(ts);
  const moved = micros + step;
  if (moved < 0) return tsFrom(seconds - 1, 999_999);
  return moved > 999_999 ? tsFrom(seconds + 1, 0) : tsFrom(seconds, moved);
}

/** @param {string} ts ISO 8601 in UTC, to the microsecond. */
function isoOf(ts) {
  const [seconds, micros] = partsOf(ts);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
}

/** @param {string} iso */
function tsOf(iso) {
  const [, whole, fraction = "", zone] = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/i.exec(iso) ?? [];
  return tsFrom(Math.floor(Date.parse(`${whole}${zone ?? "Z"}`) / 1000), Number(fraction.slice(0, 6).padEnd(6, "0")));
}
