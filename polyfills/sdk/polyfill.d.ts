/**
 * What a polyfill may call. A polyfill is one file that runs in an isolated world of the site's page: it shares the
 * page's cookies, storage and document, but no script of the page can see it, call it or change what it calls.
 *
 *     polyfill(async (host) => { …read, emit, say what was covered… });
 *
 * The function runs once per document. After a navigation or a crash the host runs it again with fresh state: ask
 * `host.windows` what is still wanted and go on from there. Returning ends the run as succeeded; throwing fails it.
 */

/** A cursor value exactly as the source writes it. Never convert it to a number. */
export type Cursor = string;

export interface StreamScope {
  name: string;
  /** Only these resources (partition keys or record keys) may be collected. Absent: all. */
  resources?: string[];
  /** ISO 8601; since is inclusive, until exclusive. */
  time_range?: { since?: string; until?: string };
  fields?: string[];
}

/** The source's own word for going on from a place: opaque, and good until the source says otherwise. */
export type Token = string;

export interface PartitionSnapshot {
  high_water: Cursor | null;
  covered: [Cursor | null, Cursor][];
  status: "present" | "missing" | "retired" | "deleted" | "became";
  /** What it goes on as, where the source said so. */
  successor?: string;
  source_status?: string;
  label?: string;
  /** Stretches that the site hid when it was asked last, between positions that it shows. */
  hidden?: [Cursor | null, Cursor][];
}

export interface StreamState {
  partitions?: Record<string, PartitionSnapshot>;
  legacy_high_water?: Cursor;
  /** What the polyfill itself kept of a stream with partitions, with `host.state`. */
  cursor?: any;
  [opaque: string]: unknown;
}

export interface Start {
  run_id: string;
  collection_mode: "full_refresh" | "incremental";
  scope: { streams: StreamScope[] };
  /** Per stream: partition state for partitioned streams, the polyfill's own last `host.state` cursor for others. */
  state: Record<string, StreamState> | null;
  bindings: Record<string, unknown>;
}

export interface RecordMessage {
  stream: string;
  /** The primary key, as one string or as the parts of a compound key. */
  key: string | string[];
  data: Record<string, unknown> | null;
  op?: "upsert" | "delete";
  /** Defaults to now. */
  emitted_at?: string;
  /** Fields that were left out because they came in an unexpected shape: the run counts the record as mended. */
  mended?: string[];
}

/** Something that could not be taken. It stands in the owner's ledger until a later run takes it. */
export interface Exception {
  stream: string;
  /** A record, or the members of a group (a thread). */
  kind: "record" | "group";
  /** The record's primary key; of a group the value its members share, which is its head's position. */
  key: string | string[];
  reason: "unmappable" | "not_answered" | "not_found" | "refused" | "unreadable" | "unfinished";
  /** Where it belongs, as far as that is known. Without it, it is tried again only by its key (`host.exceptions`). */
  partition?: string;
  position?: Cursor;
  /** The record belongs to the group whose head stands at `position`. */
  member?: boolean;
}

export interface StandingException {
  kind: "record" | "group";
  /** In its canonical form: a key of several parts is a JSON list. */
  key: string;
  partition: string | null;
  position: Cursor | null;
  reason: Exception["reason"] | "invalid";
  /** In how many runs it was met. */
  tries: number;
}

/**
 * What a value has to be. `count`: a whole number, 0 or more. A list of one kind: a list of such items. A shape: an object
 * with these fields. A function: gives the value to keep, and undefined (or throws) where it cannot be used.
 */
export type Kind = "text" | "number" | "count" | "flag" | "object" | ((value: any) => unknown) | [Kind] | Shape;
/**
 * A kind; with `!` behind its name, one that is needed. In full: `from`, the path of names to it (default: its own
 * name); `or`, what stands in its place where it is absent or odd (default: null, of a list an empty one; undefined: the
 * field is left out).
 */
export type Field = Kind | `${"text" | "number" | "count" | "flag" | "object"}!` | { is: Kind; from?: string; needed?: boolean; or?: unknown };
export interface Shape {
  [name: string]: Field;
}

export interface PageRules<P> {
  /** The id of everything on the page, by which it is known whether the list goes on bringing something new. */
  ids(page: P): Iterable<string>;
  /** The cursor of the next page; empty, null or undefined at the end. */
  next(page: P): unknown;
  /** Whether this error says that the cursor is not known any more. The list is then begun anew. */
  expired?(error: any): boolean;
  /** Whether smaller pages may help. */
  tooLarge?(error: any): boolean;
  /** Page sizes, the largest first. */
  sizes?: number[];
  /** Named in a `SKIP_RESULT` where the list does not come to its end. Leave it out to say it yourself. */
  stream?: string;
}

/** The pages in turn. One may come twice; what is on it then is known. */
export interface Pages<P> extends AsyncIterable<P> {
  /** "end": all of them came. Otherwise why not, and undefined while it is being read. */
  readonly ended: "end" | "circle" | "stalled" | "expired" | undefined;
  /** How many different ids came. */
  readonly gained: number;
}

/** A range of a partition that is wanted now; `since` null: from the beginning, `until` null: up to now. */
export interface Window {
  since: Cursor | null;
  until: Cursor | null;
  /** "retry": what stands out of it is tried once more. */
  purpose: "new" | "backfill" | "refresh" | "retry";
  /** True: read the members of every group (thread) in it. False: only of groups whose head shows a change. */
  deep: boolean;
  /** The token by which the source reads on downwards from `until`, as `covered` was given it; null: ask by position. */
  older: Token | null;
  /** The token by which the source reads on upwards from `since`. */
  newer: Token | null;
  /** "due": walk it now. "with_new": only when this partition's "new" window is walked too; it ends where that begins. */
  when: "due" | "with_new";
}

export interface Coverage {
  stream: string;
  partition: string;
  since: Cursor | null;
  /** null: to the end of what there is; also where that is nothing. */
  until: Cursor | null;
  /** The source's token for going on below `since`: kept with the range, and given back with the window. */
  older?: Token;
  /** The source's token for going on above `until`. */
  newer?: Token;
  /** The source hides what is older than this. */
  limited_before?: Cursor;
  /** Groups (threads) whose members were read completely; only their absent members count as deleted. */
  groups?: string[];
}

/** All that has arrived at the source up to this token was emitted. Without a partition: in every one of the stream. */
export interface Arrived {
  stream: string;
  partition?: string | null;
  token: Token;
}

export interface HiddenStretch {
  stream: string;
  partition: string;
  /** The last position below it that the source shows; null: it hides all from the beginning. */
  since: Cursor | null;
  /** The first position above it that the source shows. */
  until: Cursor;
  /** A code of your own: lower-case letters, digits and _. */
  reason?: string;
}

/** A partition that exists; or one that the site says is over, so that nobody calls it missing. */
export interface PartitionEntry {
  key: string;
  label?: string;
  /** The site's own word, shown for as long as it says it. */
  status?: string;
  /** The site has deleted it. */
  deleted?: boolean;
  /** It goes on under this key: it was renamed, merged into that one, or moved. */
  became?: string;
}

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  /** A string, or fields sent as a urlencoded form. */
  body?: string | Record<string, string>;
  /** Names the endpoint for the governor and the owner's figures. Defaults to the path. */
  endpoint?: string;
  credentials?: "include" | "omit";
  /** Milliseconds until the request is given up. Default 60 000. */
  timeout?: number;
  /** How often a request that gets no answer at all is sent. Default: as often as the host allows. */
  attempts?: number;
  /** Send it once, whatever comes of it (unless the site asks to be asked later): where a failure is an answer, too. */
  once?: boolean;
}

export interface Outcome {
  status: number;
  /** A status of success, and no answer that asks for a pause (`host.slowDown`). */
  ok: boolean;
  headers: Record<string, string>;
  text: string;
  /** The body as JSON, or undefined where it is none (an HTML error page, say). */
  json: any;
  /** Where redirects led. */
  url: string;
}

export interface Interaction {
  kind: "credentials" | "otp" | "manual_action";
  message: string;
  schema?: Record<string, unknown>;
  timeout_seconds?: number;
}

export interface Host {
  start: Start;
  /**
   * The address of the site, where it is its owner's own (`setup_field` in the manifest): without a slash at the end,
   * such as `https://wiki.example.org` or `http://127.0.0.1:8080/wiki`. Otherwise null.
   */
  site: string | null;
  /** The scope of one stream, or undefined where it was not asked for. */
  scope(stream: string): StreamScope | undefined;
  /** Hand over records. Resolves when there is room for more: always await it. */
  emit(...records: RecordMessage[]): Promise<void>;
  /** The partitions that exist now. Only a final `complete: true` lets the host call anything missing. Resolves when the host knows. */
  inventory(stream: string, partitions: PartitionEntry[], complete: boolean): Promise<void>;
  /** Every record the source holds in this range was emitted before. With a token it resolves once both are kept. */
  covered(coverage: Coverage): Promise<void>;
  /**
   * The source hides what lies between two positions that it shows (history visibility, suppressed revisions). Say it
   * before the claim that holds the stretch: none of it is then called covered or deleted, and it is asked for again now
   * and then. A later claim that holds it, in a run that does not say it, lifts it.
   */
  hidden(stretch: HiddenStretch): Promise<void>;
  /**
   * Every record the source holds of this stream, which has no partitions, was emitted before in this run: what is stored
   * and was not emitted is called deleted once the run has succeeded. For streams that the manifest declares as
   * `coverage_strategy: "full_inventory"`. It does not count where the run was narrowed or left anything of the stream out.
   */
  enumerated(stream: string): Promise<void>;
  /** What is wanted of a partition now, newest first. Empty: nothing. */
  windows(stream: string, partition: string): Promise<Window[]>;
  /** What is stored of each group: how many members beside the head, and the latest member's cursor. */
  groups(stream: string, partition: string, ids: string[]): Promise<Record<string, { count: number; latest: Cursor | null }>>;
  /**
   * Where items arrive in any order: the token up to which all that arrived was read, of a partition or of the whole
   * stream; null: take one from the source before anything is walked, and tell it with `arrived`.
   */
  arrivals(stream: string, partition?: string): Promise<Token | null>;
  /** Everything that arrived up to this token was emitted before, wherever it lies. The first one begins the following. */
  arrived(arrived: Arrived): Promise<void>;
  /** The source does not take this token any more (of a window, or of `arrivals`): what depends on it is asked for again. */
  forget(token: Arrived): Promise<void>;
  /**
   * What the polyfill itself wants to find in the next START.state (of a stream with partitions: as its `cursor`).
   * It is kept with the records before it, also where the run is cut later: say it after all that it stands for. A run
   * that was narrowed keeps none.
   */
  state(stream: string, cursor: unknown): Promise<void>;
  /**
   * Send a request with the owner's session, through the host's governor: it waits for a permit, retries what is worth
   * retrying (429, 5xx, network) within the run's budget, and returns the last outcome. Throws when nothing came back:
   * `request_failed`, or `cross_origin` where a server of another origin answers and keeps it from this page (CORS).
   */
  request(url: string, options?: RequestOptions): Promise<Outcome>;
  /**
   * How this site asks for a pause in the body of an answer, for all requests from now on: seconds; true where it does not
   * say how long there (Retry-After holds, or the host's own pause); undefined, null, false or NaN where it asks for none.
   *
   *     host.slowDown(({ json }) => json?.retry_after_ms / 1000);              // Matrix
   *     host.slowDown(({ json }) => json?.error?.code === "maxlag");           // MediaWiki, with a Retry-After
   *
   * Such an answer is treated like a 429, whatever its status; a Retry-After that is longer holds. A rule that throws, or
   * gives anything else, is counted as a wrong call, and the answer is taken by its status.
   */
  slowDown(rule: (answer: Outcome) => number | boolean | null | undefined): void;
  /**
   * Go on in a page of this address's origin, where what it answers may be read. In a page of it already: nothing. Otherwise
   * everything said so far is stored, the page goes there, and the script begins anew. What it has to know there stands in
   * the address, behind a `#`, which is not sent. Any answer is a page; no answer of an API has to be one.
   */
  moveTo(url: string): Promise<void>;
  progress(message: string, details?: { stream?: string; count?: number; total?: number }): Promise<void>;
  skip(details: { stream?: string; reason: string; message?: string; recovery_hint?: string; resources?: string[]; count?: number }): Promise<void>;
  /** Name something that could not be taken, before the range that holds it is called covered. */
  exception(met: Exception): Promise<void>;
  /** What stands out and is to be tried again by its key in this run. Where there are positions, `windows` asks for it. */
  exceptions(stream: string, partition?: string): Promise<StandingException[]>;
  /**
   * What the files of one of the manifest's hosts are asked for with, beside the session's cookies: a site whose pages send
   * an Authorization, say. `host` as the manifest declares it. Kept for this run, in memory alone; it follows no redirect.
   */
  fileHeaders(host: string, headers: Record<string, string>): Promise<void>;
  /**
   * Say which further hosts the site calls its own (`https://files.example.org`), and what each is for. Gives those that
   * may be reached now: the owner has agreed to them. Another is kept for the owner to read, and left out of this run, which
   * ends with the gap `host_not_agreed`: read all that lies elsewhere. At most 20, without a path; only where `site` is given.
   */
  discovered(hosts: { host: string; why: string }[]): Promise<string[]>;
  /**
   * A record's fields out of what the site sent. An optional one in an odd shape is left out and named in `mended`; an odd
   * item of a list costs that item. Throws where a needed one is missing or odd: the record cannot be made.
   */
  fields(raw: unknown, shape: Shape): { data: Record<string, any>; mended: string[] };
  /**
   * Emit what `map` makes of each item (null: nothing). An item it throws at, or makes no valid record of, costs itself:
   * it becomes an exception under what `name` calls it; one without a name is counted, and what holds it may not be called
   * covered. Throws where `items` is no list.
   */
  emitEach(
    stream: string,
    items: unknown,
    map: (item: any, index: number) => Omit<RecordMessage, "stream"> | Omit<RecordMessage, "stream">[] | null | undefined,
    about?: { name?: (item: any, index: number) => Omit<Exception, "stream" | "kind" | "reason"> | null | undefined },
  ): Promise<{ emitted: number; exceptions: number; unnamed: number }>;
  /**
   * Read a list in pages, to its end or for as long as it brings something new: cursors that go in circles or lead nowhere
   * end it, one that expired begins it anew, and pages that are too large are asked for in smaller ones. `fetchPage` gets
   * the cursor ("" for the first page) and the size (0 where there are no `sizes`).
   */
  pages<P>(fetchPage: (cursor: string, size: number) => Promise<P>, how: PageRules<P>): Pages<P>;
  /**
   * Whether the site answers at all, told by asking it something cheap: one `ask` that does not throw or give false is
   * enough. For telling a site that is down from a part of it that is broken.
   */
  isUp(...asks: (() => Promise<unknown>)[]): Promise<boolean>;
  ask(interaction: Interaction): Promise<{ status: "success" | "cancelled" | "timeout"; data?: any }>;
  sleep(ms: number): Promise<void>;
  /** HTML as a detached document: no script of it runs, nothing of it loads. */
  parse(html: string): Document;
  /** Thrown (or made) by a polyfill to fail the run with a code and what would help. */
  fail(code: string, message: string, recovery_hint?: string, retryable?: boolean): Error;
}

export interface SessionState {
  /** Whether the site accepts the owner's session. null: this could not be found out, and nobody is called signed out. */
  signed_in: boolean | null;
  /** Who it is; wanted where `identity` was asked for. */
  account?: { id: string; label?: string } | null;
  /**
   * What the session opens, where a site has several; `url` is the page a connection of its own would collect from. The
   * first is the one that `account` is of: the same person may have another account in each.
   */
  workspaces?: { id: string; label?: string; url?: string }[];
}

export interface Discovered {
  /** Further hosts that the site calls its own, as `https://files.example.org`, and what each is for: its owner reads it. */
  hosts: { host: string; why: string }[];
  /** Where its page begins, and its owner signs in, instead of the manifest's `page`; on one of its hosts. */
  page?: string;
}

declare global {
  /**
   * Register what asks a site for its hosts, in the file of the manifest's `polyfill.discover`. It runs when the owner
   * connects the site, before they sign in, in an empty page of the site's origin; it reaches `site` and nothing else.
   */
  function discover(look: (asked: { site: string }) => Promise<Discovered>): void;
  /**
   * Register the probe of the manifest's `session.probe`. It runs in an isolated world of its own, with the libraries
   * and without the SDK; it asks the site and changes nothing. `identity`: also say who is signed in, and to what.
   * `site`: as `host.site`.
   */
  function probe(look: (asked: { identity: boolean; site: string | null }) => Promise<SessionState>): void;
  /** Register the polyfill. Called once, at the top level of polyfill.js. */
  function polyfill(collect: (host: Host) => Promise<void>): void;
}
