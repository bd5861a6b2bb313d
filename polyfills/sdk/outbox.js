// @ts-check
/**
 * What leaves the page, in the one order it was said in: batches, and the credit they are sent on.
 *
 * Owns: the queue, tables of records, when a batch is full or has waited, silence while a question is open. Must not
 * know: what a message means, calls to the host.
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  /** Messages in a batch, its size in characters, and how many batches may be unacknowledged: docs/bridge.md. */
  const BATCH_MESSAGES = 200;
  const BATCH_CHARACTERS = 256 * 1024;
  const CREDIT = 12;
  /** Milliseconds a half-full batch may wait: a crash loses little, and a thousand small facts still travel together. */
  const LINGER = 100;

  /** @param {(payload: string) => void} send */
  sdk.makeOutbox = (send) => {
    const { encode } = sdk.encoding;
    /** @type {string[]} Messages as JSON text, in the order they will leave. */
    let queue = [];
    /** @type {string[]} For each of them the table it is a row of; "" where it stands for itself. */
    let tables = [];
    let queued = 0;
    let batches = 0;
    let unacknowledged = 0;
    let silent = false;
    let ended = false;
    /** @type {(() => void)[]} */
    let waiting = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let linger;

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
     * @param {string} stream @param {unknown} key @param {Record<string, any>} data A copy that JSON carries.
     * @param {string} emittedAt
     */
    function enqueueRow(stream, key, data, emittedAt) {
      const names = Object.keys(data);
      const row = [key];
      let same = stream === table.stream && emittedAt === table.emittedAt && names.length === table.names.length;
      for (const name of names) {
        same = same && name === table.names[row.length - 1];
        row.push(data[name]);
      }
      if (!same) {
        const text = encode({ stream, emitted_at: emittedAt, fields: names }).slice(0, -1);
        table = { stream, emittedAt, names, text };
      }
      enqueue(encode(row), table.text);
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

    /** The host took so many batches. @param {number} count */
    function acknowledged(count) {
      unacknowledged -= count;
      drain(false);
      wake();
    }

    /** Nothing else leaves from this message on, until `speak`. @param {string} text */
    async function sayAlone(text) {
      const busy = () => silent || queue.length > 0 || unacknowledged >= CREDIT;
      for (drain(true); busy(); drain(true)) await turn();
      enqueue(text);
      drain(true);
      silent = true;
    }

    function speak() {
      silent = false;
      drain(true);
      wake();
    }

    /** The last message: nothing can be said after it. @param {string} text */
    async function close(text) {
      enqueue(text);
      ended = true;
      await flush();
    }

    const isClosed = () => ended;

    return { enqueue, enqueueRow, say, room, full, drain, settled, acknowledged, sayAlone, speak, close, isClosed };
  };
})();
