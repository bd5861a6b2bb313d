// The body of a polyfill that calls everything its host offers with something odd in the place of each argument, and of each field
// of those that are objects. It tells of every error that does not name the call and what was wrong of it.
const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; };
const shut = () => new Proxy({}, { get() { throw new Error("no"); }, ownKeys() { throw new Error("no"); } });
const odd = [undefined, null, true, 0, -0, -1, 0.5, NaN, Infinity, 2 ** 60, 5n, "", " ", "a\ud83d", "x".repeat(2000), Symbol("s"), () => 1,
  async () => { throw new Error("no"); }, [], [undefined], [, 1], [[]], {}, { a: NaN }, { toJSON: () => 5 }, Object.create(null), new Date(NaN),
  new Map(), /x/, new Uint8Array(2), Promise.resolve(1), new Proxy({}, {}), shut(), revoked(), document, new URL(location.href)];
const record = { stream: "messages", key: "1", data: { id: "1" } };
const walk = { ids: () => [], next: () => "" };
const well = {
  scope: { stream: "messages" },
  emit: { records: record },
  inventory: { stream: "messages", partitions: [], complete: false },
  covered: { coverage: { stream: "messages", partition: "C1", since: null, until: "1.0" } },
  enumerated: { stream: "notes" },
  hidden: { stretch: { stream: "messages", partition: "C1", since: null, until: "1.0", reason: "left" } },
  arrivals: { stream: "messages", partition: "C1" },
  arrived: { arrived: { stream: "messages", partition: "C1", token: "t" } },
  forget: { token: { stream: "messages", partition: "C1", token: "t" } },
  windows: { stream: "messages", partition: "C1" },
  groups: { stream: "messages", partition: "C1", ids: [] },
  state: { stream: "messages", cursor: 1 },
  request: { url: "/", options: { once: true, attempts: 1, method: "GET", headers: {}, endpoint: "e", credentials: "omit", timeout: 5000, body: undefined } },
  moveTo: { url: "/" },
  slowDown: { rule: () => undefined },
  progress: { message: "x", details: { stream: "messages", count: 1, total: 1 } },
  skip: { details: { reason: "x", stream: "messages", message: "x", recovery_hint: "unknown", resources: [], time_range: {}, count: 1 } },
  exception: { met: { stream: "messages", kind: "record", key: "1", reason: "refused", partition: "C1", position: "1.0", member: false } },
  exceptions: { stream: "messages", partition: "C1" },
  fileHeaders: { host: location.hostname, headers: {} },
  discovered: { hosts: [{ host: "https://files.site.test", why: "files" }] },
  fields: { raw: { id: "1" }, shape: { id: "text!" } },
  emitEach: { stream: "messages", items: [1], map: () => record, about: { name: () => ({ key: "1" }) } },
  pages: { fetchPage: async () => ({}), how: walk },
  isUp: { asks: async () => 1 },
  ask: { interaction: null },
  sleep: { ms: 1 },
  parse: { html: "<p>" },
  fail: { code: "x", message: "x", recovery_hint: "unknown", retryable: false },
};
const forgotten = Object.keys(host).filter((name) => name !== "start" && name !== "site" && !(name in well));
const wrong = forgotten.map((name) => `${name} is not called`);
let [tried, refused] = [0, 0];
async function attempt(name, given, named) {
  tried += 1;
  try {
    const came = await host[name](...given);
    if (name === "pages") for await (const _ of came);
  } catch (error) {
    refused += 1;
    const told = error instanceof Error ? error.message : "no error";
    if (told === "no") return; // what the script's own function threw
    if (!told.startsWith(`host.${name}: `) || !named.some((of) => told.includes(of))) wrong.push(`${name} ${named} ${told}`);
  }
}
for (const [name, parameters] of Object.entries(well)) {
  const [names, given] = [Object.keys(parameters), Object.values(parameters)];
  await attempt(name, [], names);
  for (let at = 0; at < names.length; at += 1) {
    for (const value of odd) {
      await attempt(name, given.with(at, value), [names[at]]);
      const fields = Object.getPrototypeOf(given[at] ?? 0) === Object.prototype ? Object.keys(given[at]) : [];
      for (const field of fields) await attempt(name, given.with(at, { ...given[at], [field]: value }), [names[at], field]);
    }
  }
}
await host.emit({ stream: "messages", key: "last", data: { id: "last", tried, refused, wrong: [...new Set(wrong)].slice(0, 50) } });
