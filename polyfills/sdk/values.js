// @ts-check
/**
 * Which values cross the bridge as they are: a copy that JSON carries exactly, or what a value holds that JSON cannot.
 *
 * Owns: the words for what has no JSON, how a record does without a field. Must not know: messages, calls, text.
 *
 * JSON.stringify changes such values and says nothing: NaN becomes null, a Map {}, a function nothing at all. A copy is
 * made instead, which reads everything once; what is in it is exact.
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  /** What JSON cannot carry, by the word that is told of it (host/polyhost/protocol/uncarried.py has the same), in words for a script's author. @type {Record<string, string>} */
  const WORDS = {
    not_a_number: "NaN",
    infinite: "an infinite number",
    undefined_item: "undefined in a list",
    hole: "a hole in a list",
    list_with_names: "a list that has named values, too",
    bigint: "a BigInt",
    symbol: "a symbol",
    function: "a function",
    date: "a Date (write its toISOString())",
    map: "a Map",
    set: "a Set",
    regexp: "a RegExp",
    bytes: "bytes",
    class_instance: "an object of a class",
    circle: "an object inside itself",
    unreadable: "something that throws when it is read",
    too_deep: "nested deeper than 128 levels",
    half_surrogate: "half a surrogate pair",
    too_large: "larger than a message may be",
    name_taken: "two names that only differ in half a surrogate pair",
  };
  /** The message that holds a value is a level, too. */
  const MOST_LEVELS = 127;
  /** Stands for -0 in a copy until it is text (encoding.js): JSON.stringify writes it as 0. */
  const MINUS_ZERO = `-0 ${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;

  /** Thrown where a value has no exact JSON. `path`: names and places on the way to it. */
  class Uncarried extends Error {
    /** @param {string} what @param {(string | number)[]} [path] */
    constructor(what, path = []) {
      super(WORDS[what]);
      this.name = "Uncarried";
      this.what = what;
      this.path = path;
    }
  }

  /** @param {string} text */
  const mended = (text) => text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");

  /**
   * A copy of a value. `halves` hears of each text that held half a surrogate pair (text cut through an emoji): the copy
   * has the sign for an unreadable letter there. @param {any} value @param {() => void} halves
   */
  function copyOf(value, halves) {
    /** @type {object[]} What is being copied, outermost first. */
    const within = [];

    /** @param {any} given @returns {any} */
    function copied(given) {
      switch (typeof given) {
        case "string":
          return textOf(given);
        case "number":
          if (given === 0) return Object.is(given, -0) ? MINUS_ZERO : 0;
          if (!Number.isFinite(given)) throw new Uncarried(Number.isNaN(given) ? "not_a_number" : "infinite");
          return given;
        case "boolean":
          return given;
        case "object":
          return given === null ? null : nested(given);
        case "undefined":
          return undefined;
        default:
          throw new Uncarried(typeof given);
      }
    }

    /** @param {string} text */
    function textOf(text) {
      if (text.isWellFormed()) return text;
      halves();
      return mended(text);
    }

    /** @param {any} given */
    function nested(given) {
      if (within.includes(given)) throw new Uncarried("circle");
      if (within.length >= MOST_LEVELS) throw new Uncarried("too_deep");
      within.push(given);
      const copy = Array.isArray(given) ? list(given) : object(given);
      within.pop();
      return copy;
    }

    /** @param {any[]} given */
    function list(given) {
      const copy = [];
      for (let at = 0; at < given.length; at += 1) {
        try {
          const item = copied(given[at]);
          if (item === undefined) throw new Uncarried(at in given ? "undefined_item" : "hole");
          copy.push(item);
        } catch (error) {
          throw further(error, at);
        }
      }
      if (Object.keys(given).length !== copy.length) throw new Uncarried("list_with_names");
      return copy;
    }

    /** @param {any} given */
    function object(given) {
      isPlain(given);
      /** @type {Record<string, any>} */
      const copy = {};
      for (const name of Object.keys(given)) {
        try {
          const value = copied(given[name]);
          if (value !== undefined) put(copy, name, value);
        } catch (error) {
          throw further(error, name);
        }
      }
      return copy;
    }

    /** @param {Record<string, any>} copy @param {string} name @param {any} value */
    function put(copy, name, value) {
      const own = textOf(name);
      if (own !== name && Object.hasOwn(copy, own)) throw new Uncarried("name_taken");
      if (own === "__proto__") Object.defineProperty(copy, own, { value, enumerable: true, configurable: true, writable: true });
      else copy[own] = value;
    }

    return copied(value);
  }

  /** Nothing where it is an object of names and values; Uncarried where it is something else. @param {any} given */
  function isPlain(given) {
    const prototype = Object.getPrototypeOf(given);
    if (prototype !== null && prototype !== Object.prototype) throw new Uncarried(kindOf(given));
    if (Object.getOwnPropertySymbols(given).length > 0) throw new Uncarried("symbol");
  }

  /** @param {any} given @returns {string} */
  function kindOf(given) {
    if (given instanceof Date) return "date";
    if (given instanceof Map) return "map";
    if (given instanceof Set) return "set";
    if (given instanceof RegExp) return "regexp";
    return ArrayBuffer.isView(given) || given instanceof ArrayBuffer ? "bytes" : "class_instance";
  }

  /** An error on its way out of what holds it. @param {any} error @param {string | number} name */
  function further(error, name) {
    const found = error instanceof Uncarried ? error : new Uncarried("unreadable");
    found.path.unshift(name);
    return found;
  }

  /** The copy, or Uncarried. @param {any} value @param {() => void} halves */
  function carried(value, halves) {
    try {
      return copyOf(value, halves);
    } catch (error) {
      throw error instanceof Uncarried ? error : new Uncarried("unreadable");
    }
  }

  const nothing = () => {};

  /** What JSON would carry of it; letters that are none are replaced. Throws Uncarried. @param {any} value */
  const exact = (value) => carried(value, nothing);

  /**
   * Why a value cannot be kept as it is, half a surrogate pair included; undefined where it can. `name`: what it is called.
   * @param {string} name @param {any} value
   */
  function faultOf(name, value) {
    let half = false;
    try {
      if (carried(value, () => (half = true)) === undefined) return `${name} is missing`;
      return half ? `${name} holds ${WORDS.half_surrogate}, which JSON cannot carry` : undefined;
    } catch (error) {
      return `${inWords(name, /** @type {any} */ (error))}, which JSON cannot carry`;
    }
  }

  /** @param {string} name @param {Uncarried} error */
  function inWords(name, { path, what }) {
    const place = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${mended(part)}`)).join("");
    return `${name}${place.slice(0, 100)} is ${WORDS[what]}`;
  }

  /**
   * A record's data field by field: one that JSON cannot carry is left out, text with half a surrogate pair has the sign for
   * an unreadable letter there. `odd`: each such field, and what it holds.
   * @param {any} data @returns {{data: any, odd: [string, string][]}}
   */
  function fieldsOf(data) {
    /** @type {[string, string][]} */
    const odd = [];
    /** @type {Record<string, any>} */
    const copy = {};
    if (data === null) return { data, odd };
    try {
      let half = false;
      const whole = copyOf(data, () => (half = true));
      if (!half) return { data: whole, odd };
    } catch {
      // Field by field, to say which.
    }
    try {
      isPlain(data);
      for (const name of Object.keys(data)) put(copy, name, () => data[name], odd);
    } catch (error) {
      odd.push(["*", error instanceof Uncarried ? error.what : "unreadable"]);
    }
    return { data: copy, odd };
  }

  /** @param {Record<string, any>} copy @param {string} name @param {() => any} read @param {[string, string][]} odd */
  function put(copy, name, read, odd) {
    let half = false;
    try {
      const field = carried({ [name]: read() }, () => (half = true));
      for (const own of Object.keys(field)) Object.defineProperty(copy, own, { value: field[own], enumerable: true, configurable: true, writable: true });
      if (half) odd.push([mended(name), "half_surrogate"]);
    } catch (error) {
      odd.push([mended(name), error instanceof Uncarried ? error.what : "unreadable"]);
    }
  }

  /** Characters of a text that stays in a record which is larger than a message may be. */
  const SHORT = 1_024;

  /** A copy's fields that are surely small: what says which record it is, and where it belongs. @param {any} data @returns {{data: any, odd: [string, string][]}} */
  function withoutLarge(data) {
    const isSmall = (/** @type {any} */ value) => value === null || (typeof value === "string" ? value.length <= SHORT : typeof value !== "object");
    const [kept, left] = [true, false].map((small) => Object.entries(data ?? {}).filter(([, value]) => isSmall(value) === small));
    return { data: data && Object.fromEntries(kept), odd: left.map(([name]) => [name.slice(0, SHORT), "too_large"]) };
  }

  sdk.values = { MINUS_ZERO, Uncarried, exact, faultOf, fieldsOf, withoutLarge, inWords };
})();
