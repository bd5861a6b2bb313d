// @ts-check
/**
 * The SDK that runs beside a polyfill, in the same isolated world of the page.
 *
 * Owns: what `host` offers, calls to the host and their answers, how a script ends. Must not know: any site, what is
 * stored, what is said by whom next.
 *
 * The host injects the files of this folder before the page's own scripts run, this one last, then the polyfill. The
 * others leave what they make on `__polyhost_sdk`, and this one takes it off the world again. What it says to the host
 * goes through one binding that exists in this world only; what the host says comes in through `__polyhost_receive`.
 * What a call was given is looked at first (checks.js): a wrong one is refused and costs itself.
 */
(() => {
  "use strict";

  /** Milliseconds to wait for a document that never finishes loading before the polyfill starts anyway. */
  const LOADING_LIMIT = 15_000;
  /** Milliseconds that a page of another origin may take to come up. */
  const MOVING_LIMIT = 60_000;
  const MOVING = "(page)";
  const INVENTORY_CHUNK = 500;
  const ERROR_CHARACTERS = 200;
  /** The code of an error for wrong arguments, on both sides of the bridge. */
  const WRONG_CALL = "wrong_call";

  const scope = /** @type {any} */ (globalThis);
  /** @type {((payload: string) => void) | undefined} */
  const binding = scope.__polyhost_send;
  delete scope.__polyhost_send;
  const sdk = scope.__polyhost_sdk;
  delete scope.__polyhost_sdk;
  /** @type {Record<string, (rules: any, ...given: any[]) => string | undefined>} */
  const faults = sdk.faults;
  if (typeof binding !== "function" || window !== window.top) {
    scope.polyfill = () => {};
    return;
  }
  const send = binding;
  const { TOO_LARGE, bound, messageOf, encode } = sdk.encoding;
  const { Uncarried, exact, fieldsOf, withoutLarge, inWords } = sdk.values;
  const outbox = sdk.makeOutbox(send);
  let recordsEmitted = 0;

  // ---------------------------------------------------------------- what was given

  /** The address of a site that its owner hosts. @type {string | null} */
  let site = null;
  /** What the manifest says of each stream; null: the host has not told. @type {any} */
  let rules = null;

  /** @param {any} told @param {{streams: {name: string}[]}} scope */
  function rulesOf(told, scope) {
    if (!told) return null;
    const wanted = new Set(scope.streams.map(({ name }) => name));
    const entries = Object.entries(told).map(([name, rule]) => [name, { ...rule, in_scope: wanted.has(name) }]);
    return Object.assign(Object.create(null), Object.fromEntries(entries));
  }

  /**
   * A call with wrong arguments: nothing of it is said, the host counts it, and everything else goes on.
   * @param {string} method @param {string} why
   */
  function wrongCall(method, why) {
    void call("refused", { method });
    return Object.assign(new TypeError(`host.${method}: ${why}`), { code: WRONG_CALL });
  }

  /** @param {string} method @param {any[]} given */
  function check(method, given) {
    let fault;
    try {
      fault = faults[method](rules, ...given);
    } catch {
      fault = "an argument cannot be read";
    }
    if (fault !== undefined) throw wrongCall(method, fault);
  }

  /**
   * A call that looks at its arguments first, and takes what cannot become JSON for a wrong argument too.
   * @template {(...given: any[]) => any} T @param {string} method @param {T} run @returns {T}
   */
  function checked(method, run) {
    const guarded = (/** @type {any[]} */ ...given) => {
      check(method, given);
      return run(...given);
    };
    return /** @type {any} */ (guarded);
  }

  /**
   * The same for a call that is waited for. `argument`: what of it goes to the host as it was given.
   * @template {(...given: any[]) => Promise<any>} T @param {string} method @param {T} run @param {string} [argument] @returns {T}
   */
  function checkedAsync(method, run, argument = "an argument") {
    const guarded = async (/** @type {any[]} */ ...given) => {
      check(method, given);
      try {
        return await run(...given);
      } catch (error) {
        if (error instanceof Uncarried) throw wrongCall(method, `${inWords(argument, error)}, which JSON cannot carry`);
        if (error === TOO_LARGE) throw wrongCall(method, TOO_LARGE.message);
        throw error;
      }
    };
    return /** @type {any} */ (guarded);
  }

  // ---------------------------------------------------------------- calls

  let calls = 0;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  const pending = new Map();
  /** @type {string[]} Calls made in one turn travel together. */
  let asked = [];

  /** @param {string} method @param {Record<string, unknown>} params @returns {Promise<any>} */
  function call(method, params) {
    const given = encode(exact(params));
    calls += 1;
    asked.push(`{"call":${calls},"method":"${method}","params":${given}}`);
    if (asked.length === 1) {
      queueMicrotask(() => {
        const together = asked;
        asked = [];
        send(`{"calls":[${together.join(",")}]}`);
      });
    }
    const id = calls;
    return new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
  }

  /** @type {Map<string, (answer: any) => void>} */
  const questions = new Map();

  /** @param {{refusal: string, code: string}} message */
  function refusalOf({ refusal, code }) {
    if (code === "rate_limited") return fail(code, refusal, "retry_by_runtime", true);
    return Object.assign(code === WRONG_CALL ? new TypeError(refusal) : new Error(refusal), { code });
  }

  /** @param {any} message */
  function receive(message) {
    if ("ack" in message) {
      outbox.acknowledged(message.ack);
    } else if ("result" in message) {
      pending.get(message.call)?.resolve(message.result);
      pending.delete(message.call);
    } else if ("refusal" in message) {
      pending.get(message.call)?.reject(refusalOf(message));
      pending.delete(message.call);
    } else if ("uncaught" in message) {
      if (running) void end(fatal("polyfill_error", message.uncaught));
      else brokenBeforeStart = message.uncaught;
    } else if (message.message?.type === "START") {
      if (message.limits) bound(message.limits.message);
      rules = rulesOf(message.rules, message.message.scope);
      site = message.site ?? null;
      void run(message.message);
    } else if (message.message?.type === "INTERACTION_RESPONSE") {
      questions.get(message.message.request_id)?.(message.message);
    }
  }

  Object.defineProperty(scope, "__polyhost_receive", {
    value: (/** @type {any[]} */ messages) => messages.forEach(receive),
  });

  // ---------------------------------------------------------------- ending

  /** @param {unknown} error */
  const nameOf = (error) => (error instanceof Error ? error.name : typeof error);

  /**
   * What may be said about an unexpected error: its name, a bounded first line, its place in the polyfill. A
   * SyntaxError's text quotes the data that would not parse, so it is left out.
   * @param {unknown} error
   */
  function describe(error) {
    const name = nameOf(error);
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const places = [...stack.matchAll(/polyhost:\/\/([^\s()]+)/g)].map((match) => match[1]);
    const place = places.find((at) => !at.startsWith("sdk/")) ?? places[0];
    const line = error instanceof Error && !(error instanceof SyntaxError) ? error.message.split("\n")[0] : "";
    const text = line ? `${name}: ${line.slice(0, ERROR_CHARACTERS)}` : name;
    return place ? `${text} (${place})` : text;
  }

  /** @param {string} code @param {string} message */
  const fatal = (code, message) => ({ status: "failed", error: { code, message, retryable: false } });

  /** @param {string} code @param {string} message @param {string} [recoveryHint] @param {boolean} [retryable] */
  function fail(code, message, recoveryHint, retryable = false) {
    return Object.assign(new Error(message), { name: "PolyfillFailure", code, recovery_hint: recoveryHint, retryable });
  }

  /** @param {any} error */
  function failureOf(error) {
    if (!(error instanceof Error) || error.name !== "PolyfillFailure") return fatal("polyfill_error", describe(error));
    const { code, message, recovery_hint, retryable } = /** @type {any} */ (error);
    if (faults.fail(null, code, message, recovery_hint, retryable)) return fatal("polyfill_error", describe(error));
    return { status: "failed", error: { code, message: message.slice(0, ERROR_CHARACTERS), retryable, recovery_hint } };
  }

  /** @param {Record<string, unknown>} outcome */
  async function end(outcome) {
    if (outbox.isClosed()) return;
    await outbox.close(encode(exact({ type: "DONE", ...outcome, records_emitted: recordsEmitted })));
  }

  // ---------------------------------------------------------------- the polyfill

  /** @type {((host: import("./polyfill.d.ts").Host) => Promise<void>) | undefined} */
  let collect;
  let running = false;
  /** DONE may not come before START: an error at the top level of the script waits for it. */
  let brokenBeforeStart = "";

  /** @param {(host: import("./polyfill.d.ts").Host) => Promise<void>} registered */
  scope.polyfill = (registered) => {
    if (typeof registered !== "function") throw new TypeError("polyfill: collect is not a function");
    collect = registered;
  };

  const sleep = (/** @type {number} */ ms) => new Promise((/** @type {(value?: any) => void} */ resolve) => setTimeout(resolve, ms));

  /** Polled, not listened for: the page can fake events and, with document.open(), remove listeners. */
  async function loaded() {
    for (let waited = 0; document.readyState === "loading" && waited < LOADING_LIMIT; waited += 10) await sleep(10);
  }

  /** @param {any} start */
  async function run(start) {
    if (running || outbox.isClosed()) return;
    running = true;
    recordsEmitted = start.resume?.records_emitted ?? 0;
    await loaded();
    try {
      if (brokenBeforeStart) throw fail("polyfill_error", brokenBeforeStart);
      if (!collect) throw fail("polyfill_error", "the script never called polyfill(…)");
      await collect(hostFor(start));
      await end({ status: "succeeded" });
    } catch (error) {
      await end(failureOf(error));
    }
  }

  /** @param {any} record */
  function enqueue({ mended, ...record }) {
    const { stream, key, data, op, emitted_at } = record;
    if (mended.length > 0) outbox.enqueue(encode({ ...record, mended }));
    else if (op !== undefined || data === null) outbox.enqueue(encode(record));
    else outbox.enqueueRow(stream, key, data, emitted_at);
  }

  /**
   * Each record field by field (values.js): what JSON cannot carry of it costs that field, or where the host sees that
   * it cannot do without, the record. @param {import("./polyfill.d.ts").RecordMessage[]} records
   */
  async function emit(...records) {
    const now = new Date().toISOString();
    for (const { stream, key, data: given, op, emitted_at = now, mended } of records) {
      const { data, odd } = fieldsOf(given);
      const record = { type: "RECORD", stream, key: exact(key), data, op, emitted_at, mended: [...exact(mended ?? []), ...odd] };
      try {
        enqueue(record);
      } catch (error) {
        if (error !== TOO_LARGE) throw error;
        const small = withoutLarge(data);
        enqueue({ ...record, data: small.data, mended: [...record.mended, ...small.odd] });
      }
      recordsEmitted += 1;
      if (outbox.full()) await outbox.room();
    }
    outbox.drain(false);
  }

  /** @type {import("./polyfill.d.ts").Host["inventory"]} */
  async function inventory(stream, partitions, complete) {
    let rest = partitions;
    while (rest.length > INVENTORY_CHUNK) {
      await say({ type: "PARTITION_INVENTORY", stream, partitions: rest.slice(0, INVENTORY_CHUNK), complete: false });
      rest = rest.slice(INVENTORY_CHUNK);
    }
    await say({ type: "PARTITION_INVENTORY", stream, partitions: rest, complete });
    await outbox.settled(); // `windows` speaks of what the ledger knows, and this is how it learns of a partition's return
  }

  /**
   * From the question to its answer nothing else leaves, whatever the polyfill does meanwhile.
   * @type {import("./polyfill.d.ts").Host["ask"]}
   */
  async function ask(interaction) {
    const requestId = [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join("");
    const answered = new Promise((resolve) => questions.set(requestId, resolve));
    await outbox.sayAlone(encode(messageOf(interaction, { type: "INTERACTION", request_id: requestId })));
    const { status, data } = /** @type {any} */ (await answered);
    questions.delete(requestId);
    outbox.speak();
    return { status, data };
  }

  /**
   * In a page of another origin this script begins anew, as after every navigation; here it goes no further. Whether the
   * host lets it is asked first.
   * @type {import("./polyfill.d.ts").Host["moveTo"]}
   */
  async function moveTo(url) {
    const target = new URL(url, location.href);
    if (target.origin === location.origin) return;
    await call("permit", { endpoint: MOVING, host: target.hostname, outcomes: [] });
    await outbox.settled();
    location.assign(target);
    await sleep(MOVING_LIMIT);
    throw fail("request_failed", `no page came up at ${target.host}`, "retry_by_runtime", true);
  }

  /** @param {unknown} message */
  const say = (message) => outbox.say(exact(message));
  /** `windows` and `arrivals` speak of what the ledger knows: it has to have heard of this. @param {unknown} message */
  async function sayAndWait(message) {
    await say(message);
    await outbox.settled();
  }
  /**
   * With a token the walk goes on from it in whichever run comes next: no page is asked for before it is kept.
   * @param {import("./polyfill.d.ts").Coverage} coverage
   */
  function covered(coverage) {
    const message = messageOf(coverage, { type: "PARTITION_COVERAGE" });
    return coverage.older || coverage.newer ? sayAndWait(message) : say(message);
  }
  const skip = checkedAsync("skip", (details) => say(messageOf(details, { type: "SKIP_RESULT" })), "details");
  const exception = checkedAsync("exception", (met) => say(messageOf(met, { type: "EXCEPTION" })), "met");
  const recordFault = (/** @type {any} */ record) => faults.emit(rules, record);
  const exceptionFault = (/** @type {any} */ met) => faults.exception(rules, met);
  const emitEach = sdk.mapping.makeEmitEach({ emit, exception, exceptionFault, skip, recordFault });

  const named = (/** @type {{host: string, why: string}} */ { host, why }) => ({ host, why });

  /** @param {any} start */
  function hostFor(start) {
    const { request, slowDown } = sdk.makeRequests(call, fail);
    /** @type {import("./polyfill.d.ts").Host} */
    const host = {
      start,
      site,
      scope: checked("scope", (stream) => start.scope.streams.find((/** @type {any} */ wanted) => wanted.name === stream)),
      emit: checkedAsync("emit", emit),
      inventory: checkedAsync("inventory", inventory, "partitions"),
      covered: checkedAsync("covered", covered, "coverage"),
      hidden: checkedAsync("hidden", (stretch) => say(messageOf(stretch, { type: "PARTITION_HIDDEN" })), "stretch"),
      enumerated: checkedAsync("enumerated", (stream) => say({ type: "STREAM_ENUMERATED", stream })),
      arrivals: checkedAsync("arrivals", (stream, partition) => call("arrivals", { stream, partition: partition ?? null })),
      arrived: checkedAsync("arrived", (arrived) => sayAndWait(messageOf(arrived, { type: "PARTITION_ARRIVALS" })), "arrived"),
      forget: checkedAsync("forget", (token) => sayAndWait(messageOf(token, { type: "TOKEN_REFUSED" })), "token"),
      windows: checkedAsync("windows", (stream, partition) => call("windows", { stream, partition })),
      groups: checkedAsync("groups", (stream, partition, ids) => call("groups", { stream, partition, ids })),
      state: checkedAsync("state", (stream, cursor) => say(messageOf({ stream, cursor }, { type: "STATE" }))),
      request: checkedAsync("request", request),
      slowDown: checked("slowDown", slowDown),
      moveTo: checkedAsync("moveTo", moveTo),
      progress: checkedAsync("progress", (message, details = {}) => say(messageOf(details, { type: "PROGRESS", message })), "details"),
      skip,
      exception,
      exceptions: checkedAsync("exceptions", (stream, partition) => call("exceptions", { stream, partition: partition ?? null })),
      fileHeaders: checkedAsync("fileHeaders", (host, headers) => call("fileHeaders", { host, headers })),
      discovered: checkedAsync("discovered", (hosts) => call("discovered", { hosts: hosts.map(named) }), "hosts"),
      fields: checked("fields", sdk.mapping.fields),
      emitEach: checkedAsync("emitEach", emitEach),
      pages: checked("pages", sdk.makePages({ skip })),
      isUp: checkedAsync("isUp", sdk.isUp),
      ask: checkedAsync("ask", ask, "interaction"),
      sleep: checkedAsync("sleep", sleep),
      parse: checked("parse", (html) => new DOMParser().parseFromString(html, "text/html")),
      fail: checked("fail", fail),
    };
    return Object.freeze(host);
  }

  sdk.shutDoors(call);

  // Not before the polyfill's own script has run, which follows this one in the same turn.
  setTimeout(() => send(`{"hello":1}`), 0);
})();
