// @ts-check
/**
 * What a polyfill may say: the arguments of every call of `host`, looked at before anything of it leaves the page.
 *
 * Owns: the kinds of arguments, their bounds (docs/protocol.md has the same), the sentence that says what is wrong. Must
 * not know: how something is said, what follows from it. Loaded before the SDK, which takes it off the world again.
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  const MAX_NAME = 128;
  const MAX_HOST = 253;
  const MAX_KEY = 1024;
  const MAX_PARTITION = 255;
  const MAX_CURSOR = 256;
  const MAX_TOKEN = 4096;
  const MAX_GROUPS = 10_000;
  const MAX_ENDPOINT = 255;
  /** Characters a key may have in all without its JSON, where each may be escaped, being longer than a key may be. */
  const SURELY_SHORT = 160;
  /** The longest time a timer takes: what is longer it takes for none. */
  const MAX_MS = 2 ** 31 - 1;
  const HINTS = [
    "retry_by_runtime",
    "retry_on_connector_upgrade",
    "refresh_credentials",
    "manual_action_required",
    "update_selector",
    "upstream_unblock",
    "not_retriable",
    "unknown",
  ];

  /** @typedef {{what: string, holds: (value: any) => boolean}} Kind */
  /** @typedef {"lexical" | "numeric" | "decimal"} Order */
  /** @typedef {{key_parts: number, order: Order | null, groups: boolean, enumerated: boolean, checkpoints: string[], in_scope: boolean}} Rule */
  /** @typedef {Record<string, Rule> | null} Rules What the manifest says of each stream; null: nothing is known of it. */

  // ---------------------------------------------------------------- kinds

  /** What throws when it is looked at is of no kind. @param {string} what @param {(value: any) => boolean} test @returns {Kind} */
  const kind = (what, test) => ({
    what,
    holds(value) {
      try {
        return test(value);
      } catch {
        return false;
      }
    },
  });
  /** Text that names something: half a surrogate pair would name something else on its way. @param {number} max */
  const text = (max) => (/** @type {any} */ value) =>
    typeof value === "string" && value.length > 0 && isWithin(value, max) && value.isWellFormed();
  /** The host counts characters; a text has one or two units for each. @param {string} value @param {number} max */
  const isWithin = (value, max) => value.length <= max || (value.length <= 2 * max && [...value].length <= max);
  const isNamedHosts = (/** @type {any} */ value) =>
    Array.isArray(value) && value.every((one) => typeof one.host === "string" && typeof one.why === "string");
  const isTexts = (/** @type {any} */ value) => isObject(value) && Object.values(value).every((one) => typeof one === "string");
  const isObject = (/** @type {any} */ value) => value !== null && typeof value === "object" && !Array.isArray(value);
  /** Whether it is a list; one that throws when it is looked at is none. @param {any} value */
  function isList(value) {
    try {
      return Array.isArray(value);
    } catch {
      return false;
    }
  }
  const isGiven = (/** @type {any} */ value) => value !== undefined && value !== null;
  const isCount = (/** @type {any} */ value) => typeof value === "number" && value >= 0 && value < Infinity;

  const NAME = kind("the name of a stream", text(MAX_NAME));
  const HOST = kind("the name of a host", text(MAX_HOST));
  const PARTITION = kind(`the key of a partition (text of 1 to ${MAX_PARTITION} characters)`, text(MAX_PARTITION));
  const KEY = kind(`a key (text of 1 to ${MAX_KEY} characters)`, text(MAX_KEY));
  const CURSOR = kind("a position (text, as the source writes it)", text(MAX_CURSOR));
  const TOKEN = kind(`a token (text of 1 to ${MAX_TOKEN} characters)`, text(MAX_TOKEN));
  const WORDS = kind("text", (value) => typeof value === "string");
  const FLAG = kind("true or false", (value) => typeof value === "boolean");
  const COUNT = kind("a number, 0 or more", isCount);
  const OBJECT = kind("an object", isObject);
  const HINT = kind(
    "a recovery hint",
    (value) => HINTS.includes(value) || (isObject(value) && HINTS.includes(value.action) && optional(FLAG).holds(value.retryable)),
  );

  /** @param {Kind} of @returns {Kind} */
  const optional = (of) => kind(of.what, (value) => value === undefined || value === null || of.holds(value));
  /** @param {Kind} of @returns {Kind} */
  const orNull = (of) => kind(`${of.what}, or null`, (value) => value === null || of.holds(value));
  /** @param {Kind} of @param {number} [max] @returns {Kind} */
  const listOf = (of, max = Infinity) =>
    kind(`a list of ${of.what}`, (value) => Array.isArray(value) && value.length <= max && everyOf(value, of.holds));
  /** Every place of a list, holes too. @param {any[]} list @param {(value: any) => boolean} holds */
  function everyOf(list, holds) {
    for (let at = 0; at < list.length; at += 1) if (!holds(list[at])) return false;
    return true;
  }

  /** @param {Record<string, Kind>} fields @returns {Kind} */
  const shaped = (fields) => kind("an object", (value) => faultIn("it", value, fields) === undefined);

  /** The first field that is not what it has to be. @param {string} argument @param {any} value @param {Record<string, Kind>} fields */
  function faultIn(argument, value, fields) {
    if (!OBJECT.holds(value)) return `${argument} is not an object`;
    for (const [name, of] of Object.entries(fields)) if (!holdsAt(of, value, name)) return `${argument}: ${name} is not ${of.what}`;
    return undefined;
  }

  /** @param {Kind} of @param {any} value @param {string} name */
  const holdsAt = (of, value, name) => kind("", () => of.holds(value[name])).holds(value);

  /** @param {[string, any, Kind][]} given */
  function faultAmong(...given) {
    for (const [name, value, of] of given) if (!of.holds(value)) return `${name} is not ${of.what}`;
    return undefined;
  }

  // ---------------------------------------------------------------- positions

  const DECIMAL = /^0*(\d{1,20})(?:\.0*(\d{1,12}))?$/;
  const NUMERIC = /^0*(\d{1,20})$/;
  /** What no line can show, and no store keeps: control characters, and halves of a character. */
  const UNWRITABLE = /[\p{Cc}\p{Cs}]/u;

  /**
   * What compares like the position does in its order, part by part; undefined where it is none of it. Text is in the
   * order of code points, as the host has it: of its units it would be another.
   * @param {string} order @param {string} value @returns {bigint[] | number[] | undefined}
   */
  function positionKey(order, value) {
    if (order === "lexical") {
      if (!isWithin(value, MAX_PARTITION) || UNWRITABLE.test(value)) return undefined;
      return Array.from(value, (character) => /** @type {number} */ (character.codePointAt(0)));
    }
    const [, whole, fraction = "0"] = (order === "decimal" ? DECIMAL : NUMERIC).exec(value) ?? [];
    return whole === undefined ? undefined : [BigInt(whole), BigInt(fraction)];
  }

  /** @param {any[]} left @param {any[]} right */
  function isAfter(left, right) {
    const at = left.findIndex((part, index) => part !== right[index]);
    return at >= 0 && (at >= right.length || left[at] > right[at]);
  }

  // ---------------------------------------------------------------- records

  const STAMP = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,18})?)?(?:[Zz]|[+-](\d\d):?(\d\d)?)$/;

  /** @param {any} value */
  function isTime(value) {
    const parts = typeof value === "string" ? STAMP.exec(value) : null;
    if (!parts) return false;
    const [year, month, day, hour, minute, second = 0, hours = 0, minutes = 0] = parts.slice(1).map((part) => Number(part ?? 0));
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0;
    return isDay && hour < 24 && minute < 60 && second <= 60 && hours < 24 && minutes < 60;
  }

  /** @param {any} key @param {number} parts @returns {boolean} */
  function isKey(key, parts) {
    if (typeof key === "string") return KEY.holds(key) && (parts === 1 || isCanonical(key, parts));
    if (!isList(key) || key.length !== parts) return false;
    let length = 0;
    for (const part of key) {
      if (typeof part !== "string" || part === "") return false;
      length += part.length;
    }
    return length <= SURELY_SHORT || (parts === 1 ? length : JSON.stringify(key).length) <= MAX_KEY;
  }

  /** Whether a text is the canonical form of a key of several parts. @param {string} key @param {number} parts @returns {boolean} */
  function isCanonical(key, parts) {
    try {
      const read = JSON.parse(key);
      return Array.isArray(read) && isKey(read, parts) && JSON.stringify(read) === key;
    } catch {
      return false;
    }
  }

  /** Also one that throws when it is looked at: what it is, is told with its record (values.js). @param {any} data */
  function isData(data) {
    try {
      return isObject(data);
    } catch {
      return true;
    }
  }

  const MENDED = optional(listOf(kind("the names of fields", text(MAX_KEY))));

  /** @param {any} record @param {Rules} rules */
  function recordFault(record, rules) {
    try {
      return faultOfRecord(record, rules);
    } catch {
      return "a record cannot be read";
    }
  }

  /** @param {any} record @param {Rules} rules */
  function faultOfRecord(record, rules) {
    if (!OBJECT.holds(record)) return "a record is not an object";
    const { stream, key, data, op, emitted_at, mended } = record;
    if (!NAME.holds(stream)) return `stream is not ${NAME.what}`;
    const rule = rules === null ? null : rules[stream];
    if (rule === undefined) return "stream is not one of the manifest";
    const parts = rule?.key_parts ?? (isList(key) ? key.length : 1);
    if (parts === 0 || !isKey(key, parts)) return `key is not a key of ${parts || 1} parts, each of them text`;
    if (op !== undefined && op !== "upsert" && op !== "delete") return "op is not upsert or delete";
    if (data === null ? op !== "delete" : !isData(data)) return "data is not an object (null: only of a deletion)";
    if (!MENDED.holds(mended)) return `mended is not ${MENDED.what}`;
    if (emitted_at !== undefined && !isTime(emitted_at)) return "emitted_at is not a time (ISO 8601, with a zone)";
    return undefined;
  }

  // ---------------------------------------------------------------- the calls

  /** @param {any} stream @param {Rules} rules */
  function partitionedFault(stream, rules) {
    if (!NAME.holds(stream)) return `stream is not ${NAME.what}`;
    if (rules === null) return undefined;
    if (!rules[stream]?.order) return "stream is not one of the manifest's with partitions";
    return rules[stream].in_scope ? undefined : "stream is not in the scope of this run";
  }

  /** @param {any} stream @param {Rules} rules */
  function enumeratedFault(stream, rules) {
    if (!NAME.holds(stream)) return `stream is not ${NAME.what}`;
    if (rules === null) return undefined;
    if (!rules[stream]?.enumerated) return "stream is not one of the manifest's without partitions and with the coverage_strategy full_inventory";
    return rules[stream].in_scope ? undefined : "stream is not in the scope of this run";
  }

  const ENTRY_FIELDS = shaped({
    key: PARTITION,
    label: optional(WORDS),
    status: optional(WORDS),
    deleted: optional(FLAG),
    became: optional(PARTITION),
  });
  /** It became another one, or it did not: not both, and not itself. */
  const ENTRY = kind(
    ENTRY_FIELDS.what,
    (value) => ENTRY_FIELDS.holds(value) && !(isGiven(value.became) && (value.deleted === true || value.became === value.key)),
  );
  const COVERAGE = {
    partition: PARTITION,
    since: orNull(CURSOR),
    until: orNull(CURSOR),
    limited_before: optional(CURSOR),
    groups: optional(listOf(CURSOR)),
    older: optional(TOKEN),
    newer: optional(TOKEN),
  };
  const FOLLOWED = { partition: optional(PARTITION), token: TOKEN };

  const CODE = kind("a code (lower-case letters, digits and _)", (value) => typeof value === "string" && /^[a-z][a-z0-9_]{0,63}$/.test(value));
  const HIDDEN = { partition: PARTITION, since: orNull(CURSOR), until: CURSOR, reason: optional(CODE) };

  /** @param {any} stretch @param {Rules} rules */
  function hiddenFault(stretch, rules) {
    const fault = faultIn("stretch", stretch, HIDDEN) ?? partitionedFault(stretch.stream, rules);
    return fault ?? (rules === null ? undefined : rangeFault(rules[stretch.stream].order, stretch));
  }

  /** What is wrong with the ends of a range in this order. @param {any} order @param {any} range */
  function rangeFault(order, { since, until, limited_before }) {
    for (const [name, value] of Object.entries({ since, until, limited_before }))
      if (typeof value === "string" && !positionKey(order, value)) return `${name} is not a position in the order ${order}`;
    const [from, to] = [since, until].map((end) => (end === null ? undefined : positionKey(order, end)));
    return from && to && isAfter(from, to) ? "since lies after until" : undefined;
  }

  /** @param {any} coverage @param {Rules} rules */
  function coverageFault(coverage, rules) {
    const fault = faultIn("coverage", coverage, COVERAGE) ?? partitionedFault(coverage.stream, rules);
    const order = fault === undefined && rules !== null ? rules[coverage.stream].order : null;
    if (!order) return fault;
    if (coverage.groups?.some((/** @type {string} */ group) => !positionKey(order, group)))
      return `groups holds what is not a position in the order ${order}`;
    return rangeFault(order, coverage);
  }

  const REASONS = ["unmappable", "not_answered", "not_found", "refused", "unreadable", "unfinished"];
  const EXCEPTION = {
    stream: NAME,
    kind: kind("record or group", (value) => value === "record" || value === "group"),
    reason: kind(`one of ${REASONS.join(", ")}`, (value) => REASONS.includes(value)),
    partition: optional(PARTITION),
    position: optional(CURSOR),
    member: optional(FLAG),
  };

  /** @param {any} met @param {Rules} rules */
  function exceptionFault(met, rules) {
    const fault = faultIn("met", met, EXCEPTION);
    if (fault !== undefined) return fault;
    const { stream, key, partition, position } = met;
    const [isGroup, rule] = [met.kind === "group", rules === null ? null : rules[stream]];
    if (rule === undefined) return "stream is not one of the manifest";
    if (isGroup && !PARTITION.holds(partition)) return "partition is not given, and a group is of one";
    if (isGroup && !CURSOR.holds(key)) return "key is not the value that the group's members share";
    if (!isGroup && !isKey(key, rule?.key_parts ?? (isList(key) ? key.length : 1))) return "key is not a record's key";
    if (rule === null) return undefined;
    if (isGroup && !rule.groups) return "stream is not one of the manifest's with groups";
    if (position && !rule.order) return "position is given, and the stream has no partitions";
    if (rule.order && position && !positionKey(rule.order, position)) return `position is not one in the order ${rule.order}`;
    return isGroup && rule.order && !positionKey(rule.order, key) ? `key is not a position in the order ${rule.order}` : undefined;
  }

  const FUNCTION = kind("a function", (value) => typeof value === "function");
  const EACH = { name: optional(FUNCTION) };
  const PAGES = {
    ids: FUNCTION,
    next: FUNCTION,
    expired: optional(FUNCTION),
    tooLarge: optional(FUNCTION),
    sizes: optional(kind("a list of whole numbers, each smaller than the one before", isShrinking)),
    stream: optional(NAME),
  };

  /** @param {any} sizes */
  function isShrinking(sizes) {
    return Array.isArray(sizes) && sizes.every((size, at) => Number.isSafeInteger(size) && size >= 1 && (at === 0 || size < sizes[at - 1]));
  }

  const ADDRESS = kind("an address that a page can ask (http or https)", isAddress);

  /** @param {any} value */
  function isAddress(value) {
    const isGiven = value instanceof URL || (typeof value === "string" && value !== "");
    return isGiven && URL.canParse(value, location.href) && /^https?:$/.test(new URL(value, location.href).protocol);
  }

  /** What the kinds cannot tell: a method, a header, or a body beside them, that no browser sends. @param {any} url @param {any} options */
  function requestFault(url, { method, headers, body }) {
    try {
      const text = typeof body === "object" && body !== null ? "x" : body;
      new Request(new URL(url, location.href), { method: method ?? (body === undefined ? "GET" : "POST"), headers: headers ?? undefined, body: text });
      return undefined;
    } catch {
      return "options: method, headers and body are not a request that a browser sends";
    }
  }

  const REQUEST = {
    method: optional(kind("a method (letters)", (value) => typeof value === "string" && /^[A-Za-z]{1,20}$/.test(value))),
    headers: optional(kind("headers: an object of texts", (value) => isObject(value) && Object.values(value).every(WORDS.holds))),
    body: optional(kind("text, or an object of texts", (value) => WORDS.holds(value) || (isObject(value) && Object.values(value).every(WORDS.holds)))),
    endpoint: optional(kind(`the name of an endpoint (1 to ${MAX_ENDPOINT} characters)`, text(MAX_ENDPOINT))),
    credentials: optional(kind("include or omit", (value) => value === "include" || value === "omit")),
    timeout: optional(kind("milliseconds, 1 or more", (value) => isCount(value) && value >= 1 && value <= MAX_MS)),
    once: optional(FLAG),
    attempts: optional(kind("a whole number, 1 or more", (value) => Number.isSafeInteger(value) && value >= 1)),
  };
  const PROGRESS = { stream: optional(NAME), count: optional(COUNT), total: optional(COUNT) };
  const SKIP = {
    stream: optional(NAME),
    reason: WORDS,
    message: optional(WORDS),
    recovery_hint: optional(HINT),
    resources: optional(listOf(KEY)),
    time_range: optional(OBJECT),
  };
  const WHOLE = kind("a whole number, 1 or more", (value) => Number.isSafeInteger(value) && value >= 1);
  const INTERACTION = {
    kind: kind("credentials, otp or manual_action", (value) => ["credentials", "otp", "manual_action"].includes(value)),
    message: WORDS,
    schema: optional(OBJECT),
    timeout_seconds: optional(kind("seconds, more than 0", (value) => isCount(value) && value > 0)),
  };

  /** @param {any} stream @param {Rules} rules */
  const declaredFault = (stream, rules) =>
    stream !== undefined && stream !== null && rules !== null && !rules[stream] ? "stream is not one of the manifest" : undefined;

  /** Each call's fault in words; undefined where there is none. @type {Record<string, (rules: Rules, ...given: any[]) => string | undefined>} */
  const FAULTS = {
    scope: (_, stream) => faultAmong(["stream", stream, NAME]),
    emit(rules, ...records) {
      for (const record of records) {
        const fault = recordFault(record, rules);
        if (fault !== undefined) return `records: ${fault}`;
      }
      return undefined;
    },
    inventory: (rules, stream, partitions, complete) =>
      partitionedFault(stream, rules) ??
      faultAmong(
        ["partitions", partitions, kind("a list of {key, label, status, deleted, became}: texts, true or false, and another key", listOf(ENTRY).holds)],
        ["complete", complete, FLAG],
      ),
    covered: (rules, coverage) => coverageFault(coverage, rules),
    hidden: (rules, stretch) => hiddenFault(stretch, rules),
    enumerated: (rules, stream) => enumeratedFault(stream, rules),
    arrivals: (rules, stream, partition) => partitionedFault(stream, rules) ?? faultAmong(["partition", partition, optional(PARTITION)]),
    arrived: (rules, arrived) => faultIn("arrived", arrived, FOLLOWED) ?? partitionedFault(arrived.stream, rules),
    forget: (rules, token) => faultIn("token", token, FOLLOWED) ?? partitionedFault(token.stream, rules),
    windows: (_, stream, partition) => faultAmong(["stream", stream, NAME], ["partition", partition, PARTITION]),
    groups(rules, stream, partition, ids) {
      const fault = faultAmong(["stream", stream, NAME], ["partition", partition, PARTITION], ["ids", ids, listOf(CURSOR, MAX_GROUPS)]);
      const order = fault === undefined ? rules?.[stream]?.order : undefined;
      if (!order || everyOf(ids, (id) => positionKey(order, id) !== undefined)) return fault;
      return `ids holds what is not a position in the order ${order}`;
    },
    state(rules, stream, cursor) {
      const fault = faultAmong(["stream", stream, NAME]) ?? sdk.values.faultOf("cursor", cursor);
      if (fault !== undefined || rules === null) return fault;
      const legal = Object.values(rules).some((rule) => rule.in_scope && rule.checkpoints.includes(stream));
      return legal ? undefined : "stream is not one that keeps a cursor in the scope of this run";
    },
    request: (_, url, options) =>
      faultAmong(["url", url, ADDRESS]) ??
      (options === undefined ? undefined : (faultIn("options", options, REQUEST) ?? requestFault(url, options))),
    moveTo: (_, url) => faultAmong(["url", url, ADDRESS]),
    slowDown: (_, rule) => faultAmong(["rule", rule, FUNCTION]),
    progress: (rules, message, details) =>
      faultAmong(["message", message, WORDS]) ??
      (details === undefined ? undefined : (faultIn("details", details, PROGRESS) ?? declaredFault(details.stream, rules))),
    skip: (rules, details) =>
      faultIn("details", details, SKIP) ??
      declaredFault(details.stream, rules) ??
      (details.count === undefined ? undefined : faultAmong(["count", details.count, WHOLE])),
    exception: (rules, met) => exceptionFault(met, rules),
    exceptions: (_, stream, partition) => faultAmong(["stream", stream, NAME], ["partition", partition, optional(PARTITION)]),
    fileHeaders: (_, host, headers) =>
      faultAmong(["host", host, HOST], ["headers", headers, kind("an object of texts", isTexts)]),
    discovered: (_, hosts) => faultAmong(["hosts", hosts, kind("a list of {host, why}", isNamedHosts)]),
    fields: (_, raw, shape) => faultAmong(["shape", shape, kind("an object of kinds", sdk.mapping.isShape)]),
    emitEach: (rules, stream, _items, map, about) =>
      faultAmong(["stream", stream, NAME], ["map", map, FUNCTION]) ??
      declaredFault(stream, rules) ??
      (about === undefined ? undefined : faultIn("about", about, EACH)),
    pages: (rules, fetchPage, how) =>
      faultAmong(["fetchPage", fetchPage, FUNCTION]) ?? faultIn("how", how, PAGES) ?? declaredFault(how.stream, rules),
    isUp: (_, ...asks) => (asks.length > 0 && everyOf(asks, FUNCTION.holds) ? undefined : "asks is not a function, or several"),
    ask: (_, interaction) => faultIn("interaction", interaction, INTERACTION),
    sleep: (_, ms) => faultAmong(["ms", ms, kind("milliseconds, 0 or more", (value) => isCount(value) && value <= MAX_MS)]),
    parse: (_, html) => faultAmong(["html", html, WORDS]),
    fail: (_, code, message, hint, retryable) =>
      faultAmong(
        ["code", code, CODE],
        ["message", message, WORDS],
        ["recovery_hint", hint, optional(HINT)],
        ["retryable", retryable, optional(FLAG)],
      ),
  };

  sdk.faults = FAULTS;
})();
