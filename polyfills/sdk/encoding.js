// @ts-check
/**
 * Values as the text that crosses the bridge: JSON in plain ASCII.
 *
 * Owns: escapes, how long a text may be. Must not know: messages, how text is sent, what has no JSON (values.js).
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});
  const { MINUS_ZERO, exact } = sdk.values;

  /** Letters beyond ASCII travel escaped: a text with even one of them is twice as long in every process on the way. */
  const BEYOND_ASCII = /[^\0-\x7f]/g;

  /** Thrown where a message, or what a call is given, is longer than the owner's bound, which comes with START. */
  const TOO_LARGE = new Error("it is larger than a message may be");
  let mostCharacters = 16 * 1024 * 1024;

  /** @param {number} characters */
  function bound(characters) {
    mostCharacters = characters;
  }

  /**
   * A message with what a script gave for it: a copy that JSON carries. Throws Uncarried.
   * @param {any} given @param {Record<string, unknown>} own
   */
  const messageOf = (given, own) => ({ ...exact(given), ...own });

  /** @param {unknown} message A copy that JSON carries (values.js). */
  function encode(message) {
    let text = JSON.stringify(message).replace(BEYOND_ASCII, escaped);
    if (text.includes(MINUS_ZERO)) text = text.replaceAll(`"${MINUS_ZERO}"`, "-0.0");
    if (text.length > mostCharacters) throw TOO_LARGE;
    return text;
  }

  /** Each letter's escape, once it was met: a language has few of them. @type {string[]} */
  const escapes = [];

  /** @param {string} letter One UTF-16 unit. */
  const escaped = (letter) => (escapes[letter.charCodeAt(0)] ??= `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);

  sdk.encoding = { TOO_LARGE, bound, messageOf, encode };
})();
