// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Slack's tokens out of what is stored: links of exports and of some answers carry one (`?t=xoxe-…`), and it would let
 * anybody in.
 *
 * Owns: what a token in a link looks like, however it is written. tokens.py does the same to exports, word for word, so
 * that an exported record and a collected one stay the same. Must not know: records, which of their fields hold links.
 */

// A link may be written plainly, for HTML (`&amp;`), for JSON (`\u0026`), or percent-encoded, once or more often;
// bounds keep a text made to be slow from being so.
const BEGIN = "[?#]";
const JOIN = "(?:&(?:amp;|#38;|#x26;){0,4}|;)";
const CODED_BEGIN = String.raw`(?:%(?:25){0,4}(?:3f|23)|\\u003f)`;
const CODED_JOIN = String.raw`(?:%(?:25){0,4}(?:26(?:amp%(?:25){0,4}3b)?|3b)|\\u0026(?:amp;)?)`;
const IS = String.raw`(?:=|%(?:25){0,4}3d|\\u003d|&#61;|&#x3d;|&equals;)`;
const ENDS = "%(?:25){0,4}(?:0[ad]|2[02367]|3[bcef]|7c)";
const TOKEN = String.raw`xox[a-z](?:[.-]|%(?:25){0,4}2[de])(?:[\w.~+/=:@-]|(?!${ENDS})%)+`;
const PARAMETER = String.raw`[\w.\[\]-]{1,64}${IS}${TOKEN}`;
/** Parameters at the head of a query with others behind them, which take their place. */
const FIRST_TOKENS = new RegExp(String.raw`(${BEGIN})(?:${PARAMETER}${JOIN}(?=[\w%]))+`, "gi");
const CODED_FIRST_TOKENS = new RegExp(String.raw`(${CODED_BEGIN})(?:${PARAMETER}${CODED_JOIN}(?=[\w%]))+`, "gi");
const OTHER_TOKENS = new RegExp(`(?:${BEGIN}|${JOIN}|${CODED_BEGIN}|${CODED_JOIN})${PARAMETER}`, "gi");
/** What is left of them: in no query, or of a name that is not a usual one. */
const TOKEN_VALUES = new RegExp(`(${IS})${TOKEN}`, "gi");

/**
 * The value without tokens in any text inside. Nearly always there are none, and the very same is returned.
 * @template T @param {T} value @returns {T}
 */
function withoutTokens(value) {
  return /xox/i.test(JSON.stringify(value)) ? cleaned(value) : value;
}

/** @param {any} value @returns {any} */
function cleaned(value) {
  if (typeof value === "string") {
    const led = value.replace(FIRST_TOKENS, "$1").replace(CODED_FIRST_TOKENS, "$1");
    return led.replace(OTHER_TOKENS, "").replace(TOKEN_VALUES, "$1");
  }
  if (Array.isArray(value)) return value.map(cleaned);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cleaned(one)]));
}
