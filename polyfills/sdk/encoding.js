// @ts-check
/**
 * Values as the text that crosses the bridge: JSON in plain ASCII, well-formed whatever a site has sent.
 *
 * Owns: what has no JSON, lone surrogates, escapes. Must not know: messages, how text is sent.
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  /** One lone surrogate (text cut through an emoji) makes strict parsers refuse the whole batch; JSON escapes it. */
  const LONE_SURROGATE = /\\ud[89a-f]/;
  /** Letters beyond ASCII travel escaped: a text with even one of them is twice as long in every process on the way. */
  const BEYOND_ASCII = /[^\0-\x7f]/g;

  /** Thrown where a value has no JSON: a circle, a BigInt, a getter that throws. */
  const UNSPEAKABLE = new Error("it has no JSON");
  /** Thrown where a message, or what a call is given, is longer than the owner's bound, which comes with START. */
  const TOO_LARGE = new Error("it is larger than a message may be");
  /** Thrown where a message has more levels than the host admits of any connector. */
  const TOO_DEEP = new Error("it is nested deeper than 128 levels");
  const MOST_LEVELS = 128;
  let mostCharacters = 16 * 1024 * 1024;

  /** @param {number} characters */
  function bound(characters) {
    mostCharacters = characters;
  }

  /** A message with what a script gave for it. @param {any} given @param {Record<string, unknown>} own */
  function messageOf(given, own) {
    try {
      return { ...given, ...own };
    } catch {
      throw UNSPEAKABLE;
    }
  }

  /** @param {unknown} message @returns {string} */
  function textOf(message) {
    try {
      return JSON.stringify(message);
    } catch {
      throw UNSPEAKABLE;
    }
  }

  /** @param {unknown} message */
  function encode(message) {
    let text = textOf(message);
    if (text.includes("\\ud") && LONE_SURROGATE.test(text)) {
      text = JSON.stringify(message, (_key, value) => (typeof value === "string" ? wellFormed(value) : value));
    }
    text = text.replace(BEYOND_ASCII, escaped);
    if (text.length > mostCharacters) throw TOO_LARGE;
    if (isTooDeep(text)) throw TOO_DEEP;
    return text;
  }

  /** Counting brackets is quick and an upper bound; only a text above it is walked. @param {string} text JSON */
  function isTooDeep(text) {
    if (text.length <= 2 * MOST_LEVELS || (text.match(/[[{]/g)?.length ?? 0) <= MOST_LEVELS) return false;
    let level = 0;
    for (const [sign] of text.replace(/"(?:[^"\\]|\\.)*"/g, "").matchAll(/[[\]{}]/g)) {
      level += sign === "[" || sign === "{" ? 1 : -1;
      if (level > MOST_LEVELS) return true;
    }
    return false;
  }

  /** Each letter's escape, once it was met: a language has few of them. @type {string[]} */
  const escapes = [];

  /** @param {string} letter One UTF-16 unit. */
  const escaped = (letter) => (escapes[letter.charCodeAt(0)] ??= `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);

  /** @param {string} text */
  function wellFormed(text) {
    return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  }

  sdk.encoding = { UNSPEAKABLE, TOO_DEEP, TOO_LARGE, bound, messageOf, encode };
})();
