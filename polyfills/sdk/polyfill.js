// @ts-check
/**
 * The SDK that runs beside a polyfill, in the same isolated world of the page.
 *
 * Owns: batches and their credit, calls to the host and their answers, the request loop, the one order in which
 * messages leave. Must not know: any site, what is stored, when a request may be sent (the host's governor knows).
 *
 * The host injects the files of this folder before the page's own scripts run, this one last, then the polyfill. What it
 * says to the host goes through one binding that exists in this world only; what the host says comes in through
 * `__polyhost_receive`. What a call was given is looked at first (checks.js): a wrong one is refused and costs itself.
 */
(() => {
  "use strict";

  /** Messages in a batch, its size in characters, and how many batches may be unacknowledged: docs/bridge.md. */
  const BATCH_MESSAGES = 200;
  const BATCH_CHARACTERS = 256 * 1024;
  const CREDIT = 12;
  /** Milliseconds a half-full batch may wait: a crash loses little, and a thousand small facts still travel together. */
  const LINGER = 100;
  /** Milliseconds to wait for a document that never finishes loading before the polyfill starts anyway. */
  const LOADING_LIMIT = 15_000;
  const REQUEST_TIMEOUT = 60_000;
  const INVENTORY_CHUNK = 500;
  /** Characters of an endpoint's name: docs/protocol.md. */
  const ENDPOINT_CHARACTERS = 255;
  const ERROR_CHARACTERS = 200;
  /** How a try is reported that names no host, and how many hosts of one try are. */
  const WEBRTC = "(webrtc)";
  const WEBTRANSPORT = "(webtransport)";
  const SHARED_WORKER = "(shared worker)";
  const FENCED_HOSTS = 10;

  const scope = /** @type {any} */ (globalThis);
  /** @type {((payload: string) => void) | undefined} */
  const binding = scope.__polyhost_send;
  delete scope.__polyhost_send;
  /** @type {Record<string, (rules: any, ...given: any[]) => string | undefined>} */
  const faults = scope.__polyhost_checks;
  delete scope.__polyhost_checks;
  if (typeof binding !== "function" || window !== window.top) {
    scope.polyfill = () => {};
    return;
  }
  const send = binding;

  // ---------------------------------------------------------------- batches

  /** @type {string[]} Messages as JSON text, in the order they will leave. */
  let queue = [];
  /** @type {string[]} For each of them the table it is a row of; "" where it stands for itself. */
  let tables = [];
  let queued = 0;
  let batches = 0;
  let unacknowledged = 0;
  let recordsEmitted = 0;
  let silent = false;
  let ended = false;
  /** @type {(() => void)[]} */
  let waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let linger;

  /** One lone surrogate (text cut through an emoji) makes strict parsers refuse the whole batch; JSON escapes it. */
  const LONE_SURROGATE = /\\ud[89a-f]/;
  /** Letters beyond ASCII travel escaped: a text with even one of them is twice as long in every process on the way. */
  const BEYOND_ASCII = /[^\0-\x7f]/g;

  /** Thrown where a value has no JSON: a circle, a BigInt, a getter that throws. */
  const UNSPEAKABLE = new Error("it has no JSON");
  /** The code of an error for wrong arguments, on both sides of the bridge. */
  const WRONG_CALL = "wrong_call";

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
    return text.replace(BEYOND_ASCII, escaped);
  }

  /** Each letter's escape, once it was met: a language has few of them. @type {string[]} */
  const escapes = [];

  /** @param {string} letter One UTF-16 unit. */
  const escaped = (letter) => (escapes[letter.charCodeAt(0)] ??= `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);

  /** @param {string} text */
  function wellFormed(text) {
    return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  }

  /** @param {string} text @param {string} [table] */
  function enqueue(text, table = "") {
    if (ended) throw new Error("this polyfill has ended; nothing can be emitted any more");
    queue.push(text);
    tables.push(table);
    queued += text.length;
  }

  /** The last table: what its rows have in common. @type {{stream: string, emittedAt: string, names: string[], text: string}} */
  let table = { stream: "", emittedAt: "", names: [], text: "" };

  /**
   * Records that follow one another with the same fields travel as a table: the names once, a row of values each.
   * @param {string} stream @param {unknown} key @param {any} data @param {string} emittedAt
   * @returns {boolean} false where JSON would leave a field out, or the data is not plain: then it goes as it is.
   */
  function enqueueRow(stream, key, data, emittedAt) {
    if (data === null || typeof data !== "object" || Array.isArray(data) || typeof data.toJSON === "function") return false;
    const names = Object.keys(data);
    const row = [key];
    let same = stream === table.stream && emittedAt === table.emittedAt && names.length === table.names.length;
    for (const name of names) {
      const value = data[name];
      if (value === undefined || typeof value === "function" || typeof value === "symbol") return false;
      same = same && name === table.names[row.length - 1];
      row.push(value);
    }
    if (!same) {
      const text = encode({ stream, emitted_at: emittedAt, fields: names }).slice(0, -1);
      table = { stream, emittedAt, names, text };
    }
    enqueue(encode(row), table.text);
    return true;
  }

  /** The first so many of the queue, as the inside of a JSON array. @param {number} count */
  function take(count) {
    const texts = queue.splice(0, count);
    const of = tables.splice(0, count);
    const parts = [];
    for (let start = 0, end = 1; start < count; start = end++) {
      if (of[start] === "") {
        parts.push(texts[start]);
        continue;
      }
      while (end < count && of[end] === of[start]) end += 1;
      parts.push(`${of[start]},"rows":[${texts.slice(start, end).join(",")}]}`);
    }
    return parts.join(",");
  }

  const full = () => queue.length >= BATCH_MESSAGES || queued >= BATCH_CHARACTERS;

  /** Send what there is credit for. `all`: also a last batch that is not full. @param {boolean} all */
  function drain(all) {
    while (queue.length > 0 && !silent && unacknowledged < CREDIT && (all || full())) {
      let count = 0;
      let size = 0;
      while (count < queue.length && count < BATCH_MESSAGES && (count === 0 || size + queue[count].length <= BATCH_CHARACTERS)) {
        size += queue[count++].length;
      }
      queued -= size;
      unacknowledged += 1;
      batches += 1;
      send(`{"batch":${batches},"messages":[${take(count)}]}`);
    }
    if (queue.length > 0 && linger === undefined) linger = setTimeout(expire, LINGER);
  }

  function expire() {
    linger = undefined;
    drain(true);
  }

  function wake() {
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  }

  const turn = () => new Promise((/** @type {(value?: unknown) => void} */ resolve) => waiting.push(resolve));

  /** Resolves when there is room for more. */
  async function room() {
    drain(false);
    while (full()) {
      await turn();
      drain(false);
    }
  }

  /** Resolves when everything said so far has left the page. */
  async function flush() {
    drain(true);
    while (queue.length > 0) {
      await turn();
      drain(true);
    }
  }

  /** Resolves when the host has taken everything said so far: an answer it gives from now on rests on it. */
  async function settled() {
    await flush();
    while (unacknowledged > 0) await turn();
  }

  /** @param {unknown} message */
  function say(message) {
    enqueue(encode(message));
    return room();
  }

  // ---------------------------------------------------------------- what was given

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

  /** The same for a call that is waited for. @template {(...given: any[]) => Promise<any>} T @param {string} method @param {T} run @returns {T} */
  function checkedAsync(method, run) {
    const guarded = async (/** @type {any[]} */ ...given) => {
      check(method, given);
      try {
        return await run(...given);
      } catch (error) {
        if (error === UNSPEAKABLE) throw wrongCall(method, "it holds something that JSON cannot carry");
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
  let outbox = [];

  /** @param {string} method @param {Record<string, unknown>} params @returns {Promise<any>} */
  function call(method, params) {
    calls += 1;
    outbox.push(`{"call":${calls},"method":"${method}","params":${encode(params)}}`);
    if (outbox.length === 1) {
      queueMicrotask(() => {
        const together = outbox;
        outbox = [];
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
      unacknowledged -= message.ack;
      drain(false);
      wake();
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
      rules = rulesOf(message.rules, message.message.scope);
      void run(message.message);
    } else if (message.message?.type === "INTERACTION_RESPONSE") {
      questions.get(message.message.request_id)?.(message.message);
    }
  }

  Object.defineProperty(scope, "__polyhost_receive", {
    value: (/** @type {any[]} */ messages) => messages.forEach(receive),
  });

  // ---------------------------------------------------------------- requests

  /** @type {[string, number][]} Outcomes the governor has not heard of; they ride on the next call. */
  let outcomes = [];

  /** Worth asking the host about: it may say "again". @param {number} status */
  const retriable = (status) => status === 0 || status === 408 || status === 429 || status >= 500;

  /** @param {string} url @param {import("./polyfill.d.ts").RequestOptions} options */
  async function request(url, options = {}) {
    const target = new URL(url, location.href);
    const endpoint = options.endpoint ?? target.pathname.slice(0, ENDPOINT_CHARACTERS);
    const reported = outcomes;
    outcomes = [];
    await call("permit", { endpoint, host: target.hostname, outcomes: reported });
    for (let attempt = 1; ; attempt += 1) {
      const { outcome, failure } = await attemptRequest(target, options);
      const status = outcome?.status ?? 0;
      if (outcome && !retriable(status)) {
        outcomes.push([endpoint, status]);
        return outcome;
      }
      const retryAfter = outcome?.headers["retry-after"] ?? null;
      const again =
        (outcome || attempt < (options.attempts ?? Infinity)) &&
        (await call("retry", { endpoint, status, retry_after: retryAfter, attempt }));
      if (again) continue;
      if (outcome) return outcome;
      throw fail("request_failed", `${endpoint}: no answer after ${attempt} attempts (${failure})`, "retry_by_runtime", true);
    }
  }

  /** @param {URL} target @param {import("./polyfill.d.ts").RequestOptions} options */
  async function attemptRequest(target, options) {
    const { body, timeout = REQUEST_TIMEOUT } = options;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeout);
    try {
      const response = await fetch(target, {
        method: options.method ?? (body === undefined ? "GET" : "POST"),
        headers: options.headers,
        body: typeof body === "object" ? new URLSearchParams(body) : body,
        credentials: options.credentials ?? "include",
        cache: "no-store",
        signal: controller.signal,
      });
      return { outcome: outcomeOf(response, await response.text()) };
    } catch (error) {
      return { failure: controller.signal.aborted ? `timed out after ${timeout} ms` : nameOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {Response} response @param {string} text @returns {import("./polyfill.d.ts").Outcome} */
  function outcomeOf(response, text) {
    /** @type {{value: any} | undefined} */
    let parsed;
    /** @type {Record<string, string>} */
    const headers = {};
    response.headers.forEach((value, name) => (headers[name] = value));
    return {
      status: response.status,
      ok: response.ok,
      headers,
      text,
      url: response.url,
      get json() {
        parsed ??= { value: parse(text) };
        return parsed.value;
      },
    };
  }

  /** @param {string} text */
  function parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

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
    if (ended) return;
    enqueue(encode({ type: "DONE", ...outcome, records_emitted: recordsEmitted }));
    ended = true;
    await flush();
  }

  // ---------------------------------------------------------------- the polyfill

  /** @type {((host: import("./polyfill.d.ts").Host) => Promise<void>) | undefined} */
  let collect;
  let running = false;
  /** DONE may not come before START: an error at the top level of the script waits for it. */
  let brokenBeforeStart = "";

  /** @param {(host: import("./polyfill.d.ts").Host) => Promise<void>} registered */
  scope.polyfill = (registered) => {
    collect = registered;
  };

  const sleep = (/** @type {number} */ ms) => new Promise((/** @type {(value?: any) => void} */ resolve) => setTimeout(resolve, ms));

  /** Polled, not listened for: the page can fake events and, with document.open(), remove listeners. */
  async function loaded() {
    for (let waited = 0; document.readyState === "loading" && waited < LOADING_LIMIT; waited += 10) await sleep(10);
  }

  /** @param {any} start */
  async function run(start) {
    if (running || ended) return;
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

  /** @param {import("./polyfill.d.ts").RecordMessage[]} records */
  async function emit(...records) {
    const now = new Date().toISOString();
    for (const { stream, key, data, op, emitted_at = now } of records) {
      const isRow = op === undefined && typeof emitted_at === "string" && enqueueRow(stream, key, data, emitted_at);
      if (!isRow) enqueue(encode({ type: "RECORD", stream, key, data, op, emitted_at }));
      recordsEmitted += 1;
      if (full()) await room();
    }
    drain(false);
  }

  /** @type {import("./polyfill.d.ts").Host["inventory"]} */
  async function inventory(stream, partitions, complete) {
    let rest = partitions;
    while (rest.length > INVENTORY_CHUNK) {
      await say({ type: "PARTITION_INVENTORY", stream, partitions: rest.slice(0, INVENTORY_CHUNK), complete: false });
      rest = rest.slice(INVENTORY_CHUNK);
    }
    await say({ type: "PARTITION_INVENTORY", stream, partitions: rest, complete });
    await settled(); // `windows` speaks of what the ledger knows, and this is how it learns of a partition's return
  }

  /**
   * From the question to its answer nothing else leaves, whatever the polyfill does meanwhile.
   * @type {import("./polyfill.d.ts").Host["ask"]}
   */
  async function ask(interaction) {
    const busy = () => silent || queue.length > 0 || unacknowledged >= CREDIT;
    for (drain(true); busy(); drain(true)) await turn();
    const requestId = [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join("");
    enqueue(encode(messageOf(interaction, { type: "INTERACTION", request_id: requestId })));
    const answered = new Promise((resolve) => questions.set(requestId, resolve));
    drain(true);
    silent = true;
    const { status, data } = /** @type {any} */ (await answered);
    questions.delete(requestId);
    silent = false;
    drain(true);
    wake();
    return { status, data };
  }

  /** @param {any} start */
  function hostFor(start) {
    /** @type {import("./polyfill.d.ts").Host} */
    const host = {
      start,
      scope: checked("scope", (stream) => start.scope.streams.find((/** @type {any} */ wanted) => wanted.name === stream)),
      emit: checkedAsync("emit", emit),
      inventory: checkedAsync("inventory", inventory),
      covered: checkedAsync("covered", (coverage) => say(messageOf(coverage, { type: "PARTITION_COVERAGE" }))),
      windows: checkedAsync("windows", (stream, partition) => call("windows", { stream, partition })),
      groups: checkedAsync("groups", (stream, partition, ids) => call("groups", { stream, partition, ids })),
      state: checkedAsync("state", (stream, cursor) => say({ type: "STATE", stream, cursor })),
      request: checkedAsync("request", request),
      progress: checkedAsync("progress", (message, details = {}) => say(messageOf(details, { type: "PROGRESS", message }))),
      skip: checkedAsync("skip", (details) => say(messageOf(details, { type: "SKIP_RESULT" }))),
      ask: checkedAsync("ask", ask),
      sleep: checkedAsync("sleep", sleep),
      parse: checked("parse", (html) => new DOMParser().parseFromString(html, "text/html")),
      fail: checked("fail", fail),
    };
    return Object.freeze(host);
  }

  // ---------------------------------------------------------------- doors that stay shut

  /**
   * Channels whose traffic no browser tells its host of. Nothing gets through them either way (the fence resolves no
   * foreign name and no address), but here a try is heard of. The site's own scripts, in their world, keep theirs.
   * @param {string} name @param {(first: any) => string[]} hostsOf
   */
  function shut(name, hostsOf) {
    if (!(name in scope)) return;
    scope[name] = class {
      /** @param {any} first */
      constructor(first) {
        void call("fenced", { hosts: hostsOf(first).slice(0, FENCED_HOSTS) });
        throw new DOMException(`${name} is shut to polyfills; use host.request`, "NotAllowedError");
      }
    };
  }

  /** @param {any} configuration */
  function iceHosts(configuration) {
    const urls = [...(configuration?.iceServers ?? [])].flatMap((server) => server?.urls ?? server?.url ?? []);
    const hosts = urls.map((url) => /^(?:stun|turn)s?:(?:\[([^\]]+)\]|([^:?]+))/i.exec(String(url)));
    return hosts.length > 0 ? hosts.map((found) => found?.[1] ?? found?.[2] ?? WEBRTC) : [WEBRTC];
  }

  /** @param {any} address */
  function transportHost(address) {
    try {
      return new URL(address).hostname.replace(/^\[|\]$/g, "");
    } catch {
      return WEBTRANSPORT;
    }
  }

  shut("RTCPeerConnection", iceHosts);
  shut("webkitRTCPeerConnection", iceHosts);
  shut("WebTransport", (address) => [transportHost(address)]);
  shut("SharedWorker", () => [SHARED_WORKER]);

  // Not before the polyfill's own script has run, which follows this one in the same turn.
  setTimeout(() => send(`{"hello":1}`), 0);
})();
