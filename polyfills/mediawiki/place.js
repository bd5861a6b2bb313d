// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Where a revision stands: its second and, within it, its number, written as one position: 1700000000.0000000123.
 *
 * Owns: that arithmetic, and the times of a scope as positions. Must not know: what a revision holds.
 */

const NUMBER_DIGITS = 10;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** @param {any} time @param {any} number @returns {string | undefined} */
function placeOf(time, number) {
  if (typeof time !== "string" || !STAMP.test(time) || !Number.isSafeInteger(number) || number < 1) return undefined;
  const seconds = Date.parse(time) / 1000;
  return Number.isSafeInteger(seconds) && seconds >= 0 ? placeAt(seconds, number) : undefined;
}

/** @param {number} seconds @param {number} number */
const placeAt = (seconds, number) => `${seconds}.${String(number).padStart(NUMBER_DIGITS, "0")}`;

/** @param {string} place @returns {[number, number]} */
function partsOf(place) {
  const [seconds, number] = place.split(".");
  return [Number(seconds), Number(number)];
}

/** @param {string} one @param {string} other */
function comparePlaces(one, other) {
  const [left, right] = [partsOf(one), partsOf(other)];
  return left[0] - right[0] || left[1] - right[1];
}

/** The second of a place, as the wiki writes it. @param {string} place */
const stampOf = (place) => stampAt(partsOf(place)[0]);

/** @param {number} seconds */
const stampAt = (seconds) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

/** @param {string | null} a @param {string | null} b */
const highest = (a, b) => (a === null || (b !== null && comparePlaces(b, a) > 0) ? b : a);
/** @param {string | null} a @param {string | null} b */
const lowest = (a, b) => (a === null || (b !== null && comparePlaces(b, a) < 0) ? b : a);

/**
 * The first and the last place inside a scope's times: since is inclusive, until exclusive, and a wiki counts whole seconds.
 * @param {{since?: string, until?: string} | undefined} range @returns {Bounds}
 */
function boundsOf(range) {
  const last = "9".repeat(NUMBER_DIGITS);
  return {
    floor: range?.since ? placeAt(Math.max(0, Math.ceil(Date.parse(range.since) / 1000)), 0) : null,
    ceiling: range?.until ? `${Math.max(0, Math.ceil(Date.parse(range.until) / 1000) - 1)}.${last}` : null,
  };
}

/** @param {string} place @param {Bounds} bounds */
const isWithin = (place, { floor, ceiling }) =>
  (floor === null || comparePlaces(place, floor) >= 0) && (ceiling === null || comparePlaces(place, ceiling) <= 0);
