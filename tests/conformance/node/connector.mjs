// A connector for a notebook that does not exist, written from the text of the run protocol alone: no SDK, no library.
//
// It knows the standard profile and nothing else: no partitions, an opaque cursor of its own, the end of stdin as the
// acknowledgement. What it can be told to do stands on its command line:
//   --day 1|2                    which day it is in the notebook: on the second, notes were added, edited and deleted
//   --behaviour ask              wants a one-time code before it reads notes
//   --behaviour sign-in          wants a user name and a password before it reads notes
//   --behaviour fail-notes       cannot read notes, and certifies that only they failed
//   --behaviour stray            hands over a note of a folder that nobody asked for
//   --behaviour wait             reads one note, then waits for ever: for someone to cancel
//   --pid-file FILE              leaves its process number there once it waits
//   --behaviour crash            reads one note, then dies without a word
import { createHash } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";

const CODE = "424242";
const PASSWORD = "correct horse";

const NOTEBOOK = {
  folders: [
    { id: "work", name: "Work" },
    { id: "home", name: "Zuhause 🏡" },
  ],
  notes: {
    1: [
      note("n1", "work", "2026-01-01T08:00:00Z", "2026-01-01T08:00:00Z", "first"),
      note("n2", "home", "2026-01-02T08:00:00Z", "2026-01-02T08:00:00Z", "two\u2028lines, \u0085 and \u2029 more"),
      note("n3", "work", "2026-01-03T08:00:00+02:00", "2026-01-03T06:00:00Z", "third"),
    ],
    2: [
      note("n4", "home", "2026-02-01T12:00:00Z", "2026-02-01T12:00:00Z", "new"),
      note("n1", "work", "2026-01-01T08:00:00Z", "2026-02-02T12:00:00Z", "first, edited"),
    ],
  },
  deleted: { 2: ["n3"] },
  stickers: [
    { note_id: "n1", name: "star", glyph: "⭐" },
    { note_id: "n2", name: "quote \" and \\", glyph: "“" },
  ],
};

function note(id, folder_id, created_at, updated_at, text) {
  return { id, folder_id, created_at, updated_at, text };
}

// ------------------------------------------------------------------ the wire

const heard = []; // lines from the host that nobody has taken yet
let waiting = null; // who waits for the next line
let inputEnded = false;

function listen() {
  let rest = Buffer.alloc(0);
  process.stdin.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString("utf8").replace(/\r$/, "");
      rest = rest.subarray(end + 1);
      if (line.trim() !== "") heard.push(JSON.parse(line));
    }
    waiting?.();
  });
  process.stdin.on("end", () => {
    inputEnded = true;
    waiting?.();
  });
}

/** The host's next message, or null when its output has ended. */
async function hear() {
  while (heard.length === 0 && !inputEnded) await new Promise((resolve) => (waiting = resolve));
  return heard.shift() ?? null;
}

/** One message; waits while the pipe is full. */
async function say(message) {
  if (!process.stdout.write(JSON.stringify(message) + "\n")) {
    await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
}

// ------------------------------------------------------------------ collecting

class Failure extends Error {
  constructor(code, message, recovery_hint, retryable = false) {
    super(message);
    this.details = { message, retryable, code, recovery_hint };
  }
}

class Run {
  constructor(start, options) {
    this.start = start;
    this.options = options;
    this.emitted = 0;
    this.certified = false;
  }

  scope(stream) {
    return this.start.scope.streams.find((wanted) => wanted.name === stream);
  }

  async record(stream, key, data, op = "upsert") {
    const message = { type: "RECORD", stream, key, data, emitted_at: new Date().toISOString() };
    if (op !== "upsert") message.op = op;
    this.emitted += 1;
    await say(message);
  }

  async folders() {
    const wanted = this.scope("folders");
    if (!wanted) return;
    for (const folder of NOTEBOOK.folders) {
      if (wanted.resources && !wanted.resources.includes(folder.id)) continue;
      await this.record("folders", folder.id, only(wanted, folder));
    }
    await say({ type: "STATE", stream: "folders", cursor: { read: NOTEBOOK.folders.length } });
  }

  async notes() {
    const wanted = this.scope("notes");
    if (!wanted) return;
    if (this.options.behaviour === "ask") await this.askForCode();
    if (this.options.behaviour === "sign-in") await this.signIn();
    if (this.options.behaviour === "fail-notes") {
      await say({ type: "SKIP_RESULT", stream: "notes", reason: "stream_collection_failed", recovery_hint: { action: "upstream_unblock" } });
      this.certified = true;
      return;
    }
    const known = this.start.collection_mode === "incremental" ? this.start.state?.notes : null;
    const from = known ? unseal(known) + 1 : 1;
    for (let day = from; day <= this.options.day; day += 1) await this.notesOf(day, wanted);
    if (this.options.behaviour === "stray") {
      const stray = note("n9", "attic", "2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z", "nobody asked for this");
      await this.record("notes", stray.id, stray);
    }
    await say({ type: "STATE", stream: "notes", cursor: seal(Math.max(this.options.day, from - 1)) });
  }

  async notesOf(day, wanted) {
    for (const one of NOTEBOOK.notes[day]) {
      if (!inside(wanted, one)) continue;
      await this.record("notes", one.id, only(wanted, one));
      await this.pause();
    }
    for (const id of NOTEBOOK.deleted[day] ?? []) {
      // What was deleted is not there to be looked at: whether it was in scope, only the host can know.
      await this.record("notes", id, null, "delete");
    }
  }

  async stickers() {
    const wanted = this.scope("stickers");
    if (!wanted) return;
    for (const sticker of NOTEBOOK.stickers) {
      await this.record("stickers", [sticker.note_id, sticker.name], only(wanted, sticker));
    }
  }

  async pause() {
    if (this.options.behaviour === "crash") process.exit(70);
    if (this.options.behaviour === "wait") {
      await say({ type: "PROGRESS", message: "waiting", stream: "notes", count: this.emitted });
      if (this.options.pidFile) {
        writeFileSync(`${this.options.pidFile}.new`, String(process.pid));
        renameSync(`${this.options.pidFile}.new`, this.options.pidFile);
      }
      await new Promise(() => setInterval(() => {}, 1 << 30));
    }
  }

  async askForCode() {
    const answer = await this.ask("code-1", {
      kind: "otp",
      message: "The code that was sent to you",
      schema: { type: "object", properties: { code: { type: "string" } }, required: ["code"] },
    });
    if (answer.status !== "success") throw new Failure("code_missing", `no code: ${answer.status}`, "manual_action_required", true);
    if (answer.data?.code !== CODE) throw new Failure("code_wrong", "that was not the code", { action: "refresh_credentials", retryable: true }, true);
  }

  async signIn() {
    const properties = { username: { type: "string" }, password: { type: "string", format: "password" } };
    const answer = await this.ask("sign-in-1", {
      kind: "credentials",
      message: "Sign in to the notebook",
      schema: { type: "object", properties, required: ["username", "password"] },
    });
    if (answer.data?.password === PASSWORD) return;
    // What was typed goes to stderr, as a careless connector's would: the host must not pass it on.
    process.stderr.write(`cannot sign in with ${JSON.stringify(answer.data)}\n`);
    throw new Failure("password_wrong", "that was not the password", "refresh_credentials", true);
  }

  async ask(request_id, question) {
    await say({ type: "INTERACTION", request_id, timeout_seconds: 60, ...question });
    const answer = await hear();
    if (answer?.type !== "INTERACTION_RESPONSE" || answer.request_id !== request_id) {
      throw new Failure("unexpected_answer", "the answer was to something else", "not_retriable");
    }
    return answer;
  }

  async collect() {
    await say({ type: "PROGRESS", message: "reading the notebook" });
    await this.folders();
    await this.notes();
    await this.stickers();
    if (this.certified) throw new Failure("stream_collection_failed", "some streams could not be read", "upstream_unblock", true);
  }
}

/** Whether a note is inside the boundary: resources by key or by folder, the time range half-open. */
function inside(wanted, one) {
  if (wanted.resources && !wanted.resources.includes(one.id) && !wanted.resources.includes(one.folder_id)) return false;
  const at = Date.parse(one.created_at);
  const { since, until } = wanted.time_range ?? {};
  return (since === undefined || at >= Date.parse(since)) && (until === undefined || at < Date.parse(until));
}

function only(wanted, data) {
  if (!wanted.fields) return data;
  return Object.fromEntries(Object.entries(data).filter(([field]) => wanted.fields.includes(field)));
}

/** A cursor that shows when anybody touched it: the host has to give it back as it was. */
function seal(day) {
  const body = { day, nested: [null, true, 1.5, { "ключ\u2028": "" }], big: "9".repeat(400) };
  return { body, seal: createHash("sha256").update(JSON.stringify(body)).digest("hex") };
}

function unseal(cursor) {
  const expected = createHash("sha256").update(JSON.stringify(cursor.body)).digest("hex");
  if (expected !== cursor.seal) throw new Failure("cursor_damaged", "the cursor is not the one handed over", "not_retriable");
  return cursor.body.day;
}

// ------------------------------------------------------------------ one run

function options(args) {
  const found = { day: 1, behaviour: "" };
  for (let i = 0; i < args.length; i += 2) {
    if (args[i] === "--day") found.day = Number(args[i + 1]);
    else if (args[i] === "--behaviour") found.behaviour = args[i + 1];
    else if (args[i] === "--pid-file") found.pidFile = args[i + 1];
    else throw new Error(`no such option: ${args[i]}`);
  }
  return found;
}

async function main() {
  const chosen = options(process.argv.slice(2));
  listen();
  const start = await hear();
  if (start?.type !== "START") throw new Error("START has to come first");
  const run = new Run(start, chosen);
  process.on("SIGTERM", async () => {
    await say({ type: "DONE", status: "cancelled", records_emitted: run.emitted });
    process.exit(1);
  });
  let done = { type: "DONE", status: "succeeded", records_emitted: 0 };
  try {
    await run.collect();
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    done = { ...done, status: "failed", error: failure.details };
  }
  await say({ ...done, records_emitted: run.emitted });
  // The end of our input says that everything is durable; until then it may still be asked for.
  while ((await hear()) !== null);
  process.exitCode = done.status === "succeeded" ? 0 : 1;
}

await main();
