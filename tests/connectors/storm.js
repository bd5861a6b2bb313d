// The body of a polyfill that throws anything at its host. SEED is put in by the test.
let seed = SEED;
const die = (n) => (seed = (seed * 48271) % 2147483647) % n;
const leaf = [null, undefined, true, 0, -1, 1.5, NaN, Infinity, 2 ** 60, 5n, "", "messages", "C1", "1.0", "9.5", "x".repeat(2000),
  "\ud800", "\0", "upsert", "2026-01-01T00:00:00Z", Symbol("s"), () => 1, new Date(NaN), new Map(), Object.create(null), /x/];
const names = ["stream", "key", "data", "op", "emitted_at", "partition", "since", "until", "groups", "limited_before", "reason",
  "message", "count", "total", "resources", "recovery_hint", "kind", "label", "status", "toJSON", "type", "body", "headers"];
const value = (depth) => {
  const what = die(depth > 2 ? 3 : 6);
  if (what < 3) return leaf[die(leaf.length)];
  if (what === 3) return Array.from({length: die(4)}, () => value(depth + 1));
  const made = Object.fromEntries(Array.from({length: die(6)}, () => [names[die(names.length)], value(depth + 1)]));
  if (die(20) === 0) made.self = made;
  if (die(20) === 0) Object.defineProperty(made, "data", {enumerable: true, get() { throw new Error("no"); }});
  return made;
};
const calls = ["emit", "inventory", "covered", "windows", "groups", "state", "progress", "skip", "parse", "fail", "scope",
  "exception", "exceptions", "fields", "emitEach", "pages", "isUp", "fileHeaders", "slowDown", "moveTo", "enumerated", "hidden", "discovered", "arrivals",
  "arrived", "forget"];
let refused = 0;
for (let turn = 0; turn < 3000; turn++) {
  const name = calls[die(calls.length)];
  try { await host[name](...Array.from({length: 1 + die(3)}, () => value(0))); } catch (error) { if (error.code === "wrong_call") refused++; }
}
await host.emit({stream: 'messages', key: 'last', data: {id: 'last', refused}});
