// @ts-check
/**
 * From what a site sends to records: an odd part costs that part, an odd item costs itself.
 *
 * Owns: kinds of fields, what is left out and counted, what becomes an exception. Must not know: any site, what follows
 * from an exception (the host's ledger knows).
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  /** Thrown where a record cannot be made of an item. @param {string} why */
  const unmappable = (why) => Object.assign(new Error(`host.fields: ${why}`), { name: "Unmappable", code: "unmappable" });
  const isObject = (/** @type {any} */ value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const ABSENT = undefined;

  /** A value as its kind, or undefined where it is none of it. @type {Record<string, (value: any) => any>} */
  const KINDS = {
    text: (value) => (typeof value === "string" ? value : undefined),
    number: (value) => (Number.isFinite(value) ? value : undefined),
    count: (value) => (Number.isSafeInteger(value) && value >= 0 ? value : undefined),
    flag: (value) => (typeof value === "boolean" ? value : undefined),
    object: (value) => (isObject(value) ? value : undefined),
  };

  /** What stands at a path of names; ABSENT where it ends. @param {any} raw @param {string} path */
  function at(raw, path) {
    let value = raw;
    for (const name of path.split(".")) {
      if (value === null || value === undefined) return ABSENT;
      if (!isObject(value)) throw unmappable("what holds it is no object");
      value = value[name];
    }
    return value;
  }

  /**
   * @typedef {object} Rule
   * @property {any} is @property {string} from @property {boolean} needed @property {any} or
   */

  /** A field as it may be written in short, in full. @param {string} name @param {any} field @returns {Rule} */
  function ruleOf(name, field) {
    const { is, from = name, needed = false, ...rest } = isObject(field) && "is" in field ? field : { is: field };
    const short = typeof is === "string" && is.endsWith("!");
    const instead = "or" in rest ? rest.or : Array.isArray(is) ? [] : null;
    return { is: short ? is.slice(0, -1) : is, from, needed: needed || short, or: instead };
  }

  /** Rules as they were read once: a shape is a constant of its script, and used for every item. @type {WeakMap<object, [string, Rule][]>} */
  const read = new WeakMap();

  /** @param {Record<string, any>} shape @returns {[string, Rule][]} */
  function rulesOf(shape) {
    let rules = read.get(shape);
    if (!rules) {
      rules = Object.entries(shape).map(([name, field]) => [name, ruleOf(name, field)]);
      read.set(shape, rules);
    }
    return rules;
  }

  /**
   * A value in its kind. `odd` is called for each part that is left out of it.
   * @param {any} is @param {any} value @param {() => void} odd @returns {any} undefined: it is none of it.
   */
  function taken(is, value, odd) {
    if (typeof is === "string") return KINDS[is](value);
    if (typeof is === "function") return is(value);
    if (!Array.isArray(is)) return isObject(value) ? shaped(value, is, odd) : undefined;
    if (!Array.isArray(value)) return undefined;
    const items = value.map((item) => attempted(is[0], item, odd));
    const kept = items.filter((item) => item !== undefined);
    if (kept.length < items.length) odd();
    return kept;
  }

  /** The same, and undefined where it throws. @param {any} is @param {any} value @param {() => void} odd */
  function attempted(is, value, odd) {
    try {
      return taken(is, value, odd);
    } catch {
      return undefined;
    }
  }

  /** @param {any} raw @param {Record<string, any>} shape @param {(name: string) => void} odd @returns {Record<string, any>} */
  function shaped(raw, shape, odd) {
    /** @type {Record<string, any>} */
    const data = {};
    for (const [name, rule] of rulesOf(shape)) {
      const value = field(raw, rule, () => odd(name));
      if (value === ABSENT && rule.needed) throw unmappable(`raw: ${name} is missing, or has an unexpected shape`);
      const kept = value === ABSENT ? rule.or : value;
      if (kept !== undefined) data[name] = kept;
    }
    return data;
  }

  /** @param {any} raw @param {Rule} rule @param {() => void} odd @returns {any} */
  function field(raw, { is, from }, odd) {
    let value;
    try {
      value = at(raw, from);
    } catch {
      odd();
      return ABSENT;
    }
    if (value === undefined || value === null) return ABSENT;
    const kept = attempted(is, value, odd);
    if (kept === undefined) odd();
    return kept;
  }

  /** @param {any} items @returns {items is any[]} */
  function isList(items) {
    try {
      return Array.isArray(items);
    } catch {
      return false;
    }
  }

  /** @param {any} raw */
  function isReadable(raw) {
    try {
      return isObject(raw);
    } catch {
      return false;
    }
  }

  /** @type {import("./polyfill.d.ts").Host["fields"]} */
  function fields(raw, shape) {
    if (!isReadable(raw)) throw unmappable("raw is not an object");
    /** @type {Set<string>} */
    const mended = new Set();
    const data = shaped(raw, shape, (name) => mended.add(name));
    return /** @type {any} */ ({ data, mended: [...mended] });
  }

  /** What a shape may be made of, for checks.js. @param {any} is @returns {boolean} */
  function isKind(is) {
    if (typeof is === "string") return (is.endsWith("!") ? is.slice(0, -1) : is) in KINDS;
    if (Array.isArray(is)) return is.length === 1 && isKind(is[0]);
    return typeof is === "function" || isShape(is);
  }

  /** @param {any} shape @returns {boolean} */
  function isShape(shape) {
    if (!isObject(shape)) return false;
    if (read.has(shape)) return true;
    return Object.values(shape).every((field) =>
      isObject(field) && "is" in field ? isKind(field.is) && (field.from === undefined || typeof field.from === "string") : isKind(field),
    );
  }

  /**
   * @param {object} ways
   * @param {(...records: any[]) => Promise<void>} ways.emit
   * @param {(met: any) => Promise<void>} ways.exception
   * @param {(met: any) => string | undefined} ways.exceptionFault
   * @param {(left: any) => Promise<void>} ways.skip
   * @param {(record: any) => string | undefined} ways.recordFault
   * @returns {import("./polyfill.d.ts").Host["emitEach"]}
   */
  function makeEmitEach({ emit, exception, exceptionFault, skip, recordFault }) {
    /** The records of one item, or why there are none. @param {string} stream @param {any} item @param {number} index @param {any} map */
    function recordsOf(stream, item, index, map) {
      try {
        const made = map(item, index);
        const records = made === null || made === undefined ? [] : Array.isArray(made) ? made : [made];
        const whole = records.map((record) => ({ ...record, stream }));
        return whole.some((record) => recordFault(record) !== undefined) ? null : whole;
      } catch (error) {
        if (/** @type {any} */ (error)?.name === "PolyfillFailure") throw error;
        return null;
      }
    }

    /** What an item that cannot be mapped is called; null where it has no name. @param {string} stream @param {any} item @param {number} index @param {any} name */
    function namedBy(stream, item, index, name) {
      try {
        const named = name?.(item, index);
        const met = { kind: "record", reason: "unmappable", ...named, stream };
        return named && exceptionFault(met) === undefined ? met : null;
      } catch {
        return null;
      }
    }

    return async (stream, items, map, { name } = {}) => {
      if (!isList(items)) throw Object.assign(new TypeError("host.emitEach: items is not a list"), { code: "unmappable" });
      const came = { emitted: 0, exceptions: 0, unnamed: 0 };
      for (const [index, item] of items.entries()) {
        const records = recordsOf(stream, item, index, map);
        if (records) {
          if (records.length > 0) await emit(...records);
          came.emitted += records.length;
          continue;
        }
        const met = namedBy(stream, item, index, name);
        if (met) await exception(met);
        came.exceptions += met ? 1 : 0;
        came.unnamed += met ? 0 : 1;
      }
      if (came.unnamed > 0) await skip({ stream, reason: "unparsable", count: came.unnamed });
      return came;
    };
  }

  sdk.mapping = { fields, isShape, makeEmitEach };
})();
