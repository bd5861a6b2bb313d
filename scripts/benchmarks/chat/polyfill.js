// A chat service that is made up as it is read: as many messages as the page's address says, each of the same size, in
// channels, newest first, one in ten of them a thread's root with three replies. The messages have the shape of a real
// chat's, so that parsing, checking and placing them costs what it costs there.
//
// Registered like any polyfill; the benchmark of the naive way calls the same function with a host of its own.

const STREAM = "messages";
const RECORD_BYTES = 900; // of JSON: a plain message of a real workspace, with its blocks
const PER_CHANNEL = 10_000;
const PER_PAGE = 1_000; // messages between two claims of coverage
const THREAD = 10; // a root, three replies, six plain messages
const REPLIES = 3;
const BEGINNING = 1_600_000_000; // seconds; ten digits for the next two and a half centuries
const PROSE = "We moved the harbour lights one berth to the east, and nobody has complained about the fog horn since. ".repeat(12);

/** @param {number} index */
const cursor = (index) => `${BEGINNING + index * 30}.${String(index).padStart(6, "0")}`;

/** @param {number} index */
function thread(index) {
  const place = index % THREAD;
  return place <= REPLIES ? cursor(index - place) : null;
}

/** @param {string} channel @param {number} index @param {string} text */
function message(channel, index, text) {
  const user = `U0BENCH${String(index % 97).padStart(4, "0")}`;
  const root = thread(index);
  const isRoot = index % THREAD === 0;
  return {
    channel_id: channel,
    ts: cursor(index),
    thread_ts: root,
    user_id: user,
    text,
    sent_at: new Date((BEGINNING + index * 30) * 1000).toISOString(),
    edited_ts: null,
    team_id: "T0BENCH0001",
    subtype: null,
    reply_count: isRoot ? REPLIES : 0,
    latest_reply: isRoot ? cursor(index + REPLIES) : null,
    reactions: index % 4 === 0 ? [{ name: "lighthouse", count: 2, users: [user, "U0BENCH9999"] }] : [],
    files: [],
    blocks: [{ type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "ahoy" }] }] }],
  };
}

/** Bytes of a message besides its text; fields have fixed widths, so messages of one kind have the same. */
const sizes = new Map();
const KINDS = 20; // after so many messages, threads and reactions fall the same way again

/** @param {string} channel @param {number} index */
function record(channel, index) {
  const greeting = "Grüße… ";
  const data = message(channel, index, greeting);
  const kind = index % KINDS;
  if (!sizes.has(kind)) sizes.set(kind, new TextEncoder().encode(JSON.stringify(data)).length);
  data.text += PROSE.slice(index % 100, (index % 100) + RECORD_BYTES - sizes.get(kind));
  return { stream: STREAM, key: [channel, data.ts], data };
}

/** @param {import("../../../polyfills/sdk/polyfill.d.ts").Host} host @param {string} channel @param {number} count */
async function collectChannel(host, channel, count) {
  const wanted = await host.windows(STREAM, channel);
  if (wanted.length === 0) return;
  for (let end = count; end > 0; end -= PER_PAGE) {
    const start = Math.max(0, end - PER_PAGE);
    const records = [];
    const groups = [];
    for (let index = end - 1; index >= start; index -= 1) {
      records.push(record(channel, index));
      if (index % THREAD === 0) groups.push(cursor(index));
    }
    await host.emit(...records);
    await host.covered({
      stream: STREAM,
      partition: channel,
      since: start === 0 ? null : cursor(start),
      until: cursor(Math.min(end, count - 1)),
      groups,
    });
  }
}

polyfill(async (host) => {
  const total = Number(new URL(location.href).searchParams.get("records"));
  const channels = [];
  for (let first = 0; first < total; first += PER_CHANNEL) {
    channels.push({ key: `C0BENCH${String(channels.length).padStart(4, "0")}`, count: Math.min(PER_CHANNEL, total - first) });
  }
  await host.inventory(STREAM, channels.map(({ key }) => ({ key, label: key.toLowerCase() })), true);
  for (const { key, count } of channels) await collectChannel(host, key, count);
});
