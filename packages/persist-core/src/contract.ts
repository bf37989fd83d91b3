/**
 * The contract between Persist and a backend: types only.
 *
 * An author of an adapter writes {@link PersistAdapter}: four methods. Core lifts them into an {@link Engine}, the small set of verbs on which all four
 * facades stand. A backend that can do better (SQL transactions, conditional requests, merges) brings an engine of its own.
 *
 * Everything that users can observe is decided above the engine, once, in core: keys, values, conditions, errors. An engine stores and orders what it is
 * given. Keys, values, versions and index tuples arrive checked and encoded; an engine never interprets them.
 */
import type { Capabilities } from "./api/capabilities.ts";
import type { PersistError } from "./errors.ts";

// ── what adapter authors write ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A backend in four methods. Keys are non-empty well-formed strings of at most 900 UTF-8 bytes, printable ASCII only, with no `.` or `/`-segment traps: they
 * are safe as object keys, row keys and, segment by segment, as file names.
 *
 * Core guarantees: no two calls for one key overlap; `put` values are JSON data, fresh, and never mutated afterwards; no method is called after `close`.
 */
export interface PersistAdapter {
  /** The value, or `undefined` (or `null`) where there is none. */
  get(key: string): Promise<unknown>;
  /** Stores the value under the key, replacing what was there. Resolves when it is as durable as this backend makes it. */
  put(key: string, value: unknown): Promise<void>;
  /** Removes the key. Removing what is absent is not an error. */
  delete(key: string): Promise<void>;
  /**
   * Every entry whose key starts with the literal prefix, each key once, in any order. An async generator, or a promise of an iterable. Entries that are
   * written or deleted meanwhile may or may not appear.
   */
  list(
    prefix: string,
  ):
    | AsyncIterable<{ key: string; value: unknown }>
    | Promise<AsyncIterable<{ key: string; value: unknown }> | Iterable<{ key: string; value: unknown }>>
    | Promise<void>;
  /** Ends the adapter. Called once, after everything else has settled. */
  close?(): Promise<void>;

  /** Listing in UTF-8 byte order, so that a page costs a page and not the whole prefix. */
  readonly ordered?: OrderedListing;
  /** Several writes, all or nothing, so that a commit needs no redo record. */
  readonly batch?: AtomicBatch;
  /** An engine of its own. Core then uses nothing else of this adapter but `close`. */
  readonly engine?: (scope: Scope) => Promise<Engine>;
}

export interface OrderedListing {
  /** Entries with the prefix and a key greater than `after`, ascending in UTF-8 byte order, at most `limit`. `value` may be left out when `keysOnly`. */
  list(
    prefix: string,
    options: { after?: string; limit: number; keysOnly: boolean },
  ): AsyncIterable<{ key: string; value?: unknown }>;
}

export interface AtomicBatch {
  /** All of the writes, or none of them, also across a crash. */
  write(ops: readonly ({ put: string; value: unknown } | { delete: string })[]): Promise<void>;
  /** The most writes that one call takes. */
  readonly max: number;
}

/** Whose data: positions, change feed, uniqueness and listings never cross a scope. */
export interface Scope {
  /** The store's name. */
  readonly name: string;
  /** `""` for the store itself. */
  readonly namespace: string;
}

// ── what the facades stand on ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A value now, or later: engines that have the answer at hand do not make the caller wait a turn. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * The verbs of a backend, for one scope. An engine throws PersistErrors only (its `errors.ts` maps the driver's), and keeps these promises:
 *
 * - what `commit` has answered with `applied` is durable as `capabilities.durability` says, and every later `read` and `scan` through any engine of the same
 *   data sees it (on replicated backends: on this peer);
 * - a row whose `expiresAt` is at or before `now` is absent for every verb, conditions included;
 * - nothing (connection, cursor, statement, lock) is held open between two calls.
 */
export interface Engine {
  /** The adapter's name, for messages. */
  readonly adapter: string;
  readonly capabilities: Capabilities;
  /**
   * `"immediate"`: a read is a function call, and core passes it on at once. `"batched"`: a read is a round trip, and core gathers the reads of one turn of
   * the event loop into one call.
   */
  readonly reads: "immediate" | "batched";
  /** How many commits core may have in flight at once. Default 1. More help where one can wait for something that is no concern of the others. */
  readonly flights?: number | undefined;
  /** The backend's own clock in milliseconds since the epoch, where it has one; else the host's is used. Judges expiry. */
  clock?(): number;
  /** The rows of these keys, in the order of the keys; `undefined` for the absent. One round trip. */
  read(space: Space, keys: readonly string[], o: EngineOptions): MaybePromise<readonly (Row | undefined)[]>;
  /**
   * A shortcut, where the engine can take one: the value alone of one row in `kv`, which is what most reads are after. Without it core calls `read`.
   */
  value?(key: string, o: EngineOptions): MaybePromise<string | undefined>;
  /** One page in byte order, by key, or by index tuple with its rows fetched along. */
  scan(space: Space, range: ScanRange, o: EngineOptions): MaybePromise<ScanPage>;
  /** On a backend that merges: the record as it would be with what lost against a concurrent write. Left out where nothing ever loses. */
  conflicts?(key: string, o: EngineOptions): MaybePromise<readonly Row[]>;
  /** One page of events, by position or by version within a stream. Events that were erased are not reported. */
  events(range: EventRange, o: EngineOptions): MaybePromise<EventPage>;
  /**
   * One driver transaction for all lists. Each inner list is atomic, judged in turn against the state that the lists before it left, and answered by itself: a
   * condition that does not hold is an answer, never an exception, and leaves the other lists untouched. Within a list every condition is judged before
   * anything is written, and a key is written at most once.
   *
   * Throws only where nothing at all was applied. Where it cannot know, it answers `unknown` for every list. What it has thrown or answered is settled: nothing happens
   * later, when newer writes may have been acknowledged.
   */
  commit(lists: readonly (readonly Op[])[], o: EngineOptions): MaybePromise<readonly CommitResult[]>;
  /**
   * Every key that changed after `since` (`undefined`: ever), in commit order, with its present state; a deletion is reported until its tombstone ages out,
   * seven days later, after which an older `since` is refused with CURSOR_EXPIRED. States that were superseded may be missing. No committed change is ever skipped.
   *
   * A row that has expired is not reported until it is swept, and then once, as a deletion; never where it was written over before that.
   *
   * Where `capabilities.watch` is `"absent"`, nobody calls this, nor `latest`.
   */
  changes(since: string | undefined, limit: number, o: EngineOptions): MaybePromise<ChangePage>;
  /** A `since` for what is committed from here on, found without reading what is before it. */
  latest(o: EngineOptions): MaybePromise<string>;
  /**
   * One bounded step of what otherwise happens in the background: rows that have expired become tombstones, tombstones older than seven days go, and so do
   * bytes that no row names any more. `more`: another step would find more to do. Cheap where there is nothing to do: who watches calls it once a second.
   */
  sweep(o: EngineOptions): MaybePromise<{ readonly more: boolean }>;
  /** Calls back when something may have changed: a hint, never the truth. Returns the unsubscriber. */
  wake(onWake: () => void): () => void;
  /** The contents of blobs. */
  readonly bytes: Bytes;
  /** The driver, for what Persist does not cover. */
  raw(): unknown;
  /** Called once, after everything in flight has settled. */
  close(): MaybePromise<void>;
}

export interface EngineOptions {
  /** The time by which rows are expired, created and updated: milliseconds since the epoch. */
  readonly now: number;
  /** When to give up, by `performance.now()`. An engine that waits (for a lock, a server) answers TIMEOUT then. */
  readonly deadline: number;
  /** Aborted: nobody wants the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * `streams` holds one row per event stream: `value` is a {@link StreamHead} as JSON and `version` changes with it; its row with the empty key is the head of the
 * whole log. It is written by `append` and `erase` only. A stream whose events were all erased is still read, but not scanned. `system` is core's own (index
 * definitions, consumers).
 */
export type Space = "records" | "kv" | "blobs" | "streams" | "system";

export interface Row {
  readonly key: string;
  /** Encoded; `""` in a scan with `keysOnly`. */
  readonly value: string;
  /** Made in core before any I/O, different for each write ever made: it is also the id by which a lost reply is recognised. */
  readonly version: string;
  /** Milliseconds since the epoch. May be left out in `kv` and `system`, where nobody asks. */
  readonly createdAt?: number | undefined;
  readonly updatedAt?: number | undefined;
  /** `null` is none, so that a driver's row can be handed on as it comes. */
  readonly expiresAt?: number | null | undefined;
  /** In `blobs`: the engine's own name of the bytes, for {@link Bytes.open}. */
  readonly content?: string | null | undefined;
}

/** The value of a row in `blobs`, as JSON. */
export interface BlobFacts {
  /** Bytes. */
  readonly size: number;
  /** `sha-256:` and lower-case hex; without the hex where nobody knows it. */
  readonly digest: `sha-256:${string}`;
  /** Core's own is the SHA-256. An engine whose server has another one stores that, and says so in {@link Answer.value}. */
  readonly etag: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StreamHead {
  /** Of the last event; 0 where there is none. */
  readonly version: number;
  /** Of the last event in the log. */
  readonly position: number;
  /** The version of the first event that was not erased, or the next version where all were. Left out where none was, and for the whole log. */
  readonly first?: number | undefined;
  /** The last write to the stream was an `erase`. */
  readonly erased?: true | undefined;
}

// ── scans ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type ScanRange = KeyRange | IndexRange;

interface RangeBase {
  /** Descending. */
  readonly reverse: boolean;
  /** The most rows in the page. At least 1. */
  readonly limit: number;
  /** Values are not wanted and need not be read. */
  readonly keysOnly: boolean;
}

/** Ascending by unsigned UTF-8 bytes of the key (code point order, not JavaScript's). */
export interface KeyRange extends RangeBase {
  readonly by: "key";
  readonly lower?: Bound | undefined;
  readonly upper?: Bound | undefined;
  /** In `blobs`, for a listing: of the facts only `size` and `etag` are wanted, and of the row also `updatedAt`; the rest may be left out or wrong. */
  readonly sizesOnly?: boolean | undefined;
  /** With `keysOnly`: of the rows nothing but the key is wanted, and the version may be `""`, each time. */
  readonly namesOnly?: boolean | undefined;
}

export interface Bound {
  readonly key: string;
  readonly inclusive: boolean;
}

/** Ascending by the tuple's bytes, then by key. */
export interface IndexRange extends RangeBase {
  readonly by: "index";
  readonly index: string;
  /** Inclusive. */
  readonly lower?: Uint8Array | undefined;
  /** Exclusive. */
  readonly upper?: Uint8Array | undefined;
  /** Where the page before ended: only entries beyond it, in the direction of the scan. */
  readonly after?: { readonly tuple: Uint8Array; readonly key: string } | undefined;
  /** The tuples are not wanted, and may be left out of the page. */
  readonly rowsOnly?: boolean | undefined;
}

export interface ScanPage {
  readonly rows: readonly Row[];
  /** In a scan by index, unless it was {@link IndexRange.rowsOnly}: the tuple of each row. */
  readonly tuples?: readonly Uint8Array[] | undefined;
  /** Whether another page may follow. */
  readonly more: boolean;
}

// ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface EventRange {
  /** Only this stream, and numbers are versions. Else the whole log, and numbers are positions. */
  readonly stream?: string | undefined;
  /** With `stream`: only events with these ids, erased ones among them. */
  readonly ids?: readonly string[] | undefined;
  /** Inclusive. */
  readonly from?: number | undefined;
  /** Inclusive. */
  readonly to?: number | undefined;
  readonly reverse: boolean;
  readonly limit: number;
}

export interface EventPage {
  readonly events: readonly EventRow[];
  readonly more: boolean;
}

export interface NewEventRow {
  readonly id: string;
  readonly type: string;
  readonly tags: readonly string[];
  /** Encoded. */
  readonly data: string;
  /** Encoded; left out where empty. */
  readonly metadata?: string | undefined;
}

export interface EventRow extends NewEventRow {
  readonly stream: string;
  /** Place in the stream: 1, 2, 3 … without holes. */
  readonly version: number;
  /** Place in the scope's log: 1, 2, 3 … without holes, in commit order. */
  readonly position: number;
  /** Milliseconds since the epoch; never less than that of an earlier position, unless `capabilities.order` is `"local"`. */
  readonly time: number;
  /** It was asked for by its id and has been erased: type and data are empty, and nobody else sees it. */
  readonly erased?: true | undefined;
}

// ── commits ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type Op = PutOp | ReindexOp | DeleteOp | AddOp | AppendOp | EraseOp | CheckOp | CheckRangeOp;

/** Left out: no condition. `null`: must be absent. Else: must be there with this version. */
export type IfVersion = string | null | undefined;

/** Replaces the row, or makes it. `createdAt` stays that of the live row it replaces. Answers {@link Answer.createdAt} in `records`. */
export interface PutOp {
  readonly op: "put";
  readonly space: "records" | "kv" | "blobs" | "system";
  readonly key: string;
  readonly value: string;
  readonly version: string;
  readonly expiresAt?: number | undefined;
  /** In `records`: all index entries of this row from now on. Elsewhere left out. */
  readonly index?: readonly IndexEntry[] | undefined;
  /**
   * In `blobs`: the token of the staged bytes, which belong to the row from now on; or the `content` of a row that the same list deletes, when a blob moves. Those of the
   * row before are released. Bytes that are not there any more are a conflict.
   */
  readonly content?: string | undefined;
  /**
   * In `records`: the value is that of the live row there is, changed. On a backend that merges, this change and one that is made elsewhere at the same time both stand, as far as
   * they change different things: `"deep"`, different fields at any depth and different items of lists; `"fields"`, different fields of the document itself. Elsewhere it is a put
   * like any other.
   */
  readonly update?: "deep" | "fields" | undefined;
  /**
   * In `kv`: the value is that of the live row there is, or 0, with so much added. On a backend that merges, what is added elsewhere at the same time counts too. Elsewhere it is a put like
   * any other.
   */
  readonly added?: number | undefined;
  readonly ifVersion?: IfVersion;
}

export interface IndexEntry {
  readonly index: string;
  /** Order-preserving, at most 512 bytes. */
  readonly tuple: Uint8Array;
  /** Another live row with the same tuple, once the list is applied, is a conflict. */
  readonly unique: boolean;
}

/**
 * Gives the row these index entries in exchange for those it has, and is no write of it: value, version, times and its place in `changes` stay. A row that is absent or
 * has another version is a conflict, and so is a unique tuple that is taken.
 */
export interface ReindexOp {
  readonly op: "reindex";
  readonly space: "records";
  readonly key: string;
  readonly ifVersion: string;
  readonly index: readonly IndexEntry[];
}

/** Removes the row, its index entries and its bytes, and leaves a tombstone for `changes`. Answers {@link Answer.existed}. */
export interface DeleteOp {
  readonly op: "delete";
  readonly space: "records" | "kv" | "blobs" | "system";
  readonly key: string;
  readonly version: string;
  readonly ifVersion?: IfVersion;
}

/**
 * Adds to the number at the key in `kv` by core's `addNumber`, an absent one counting as 0. Keeps the row's `expiresAt` unless one is given. Answers
 * {@link Answer.value}; a value that is not a number is a conflict.
 */
export interface AddOp {
  readonly op: "add";
  readonly space: "kv";
  readonly key: string;
  readonly by: number;
  readonly version: string;
  readonly expiresAt?: number | undefined;
  /** The expiry where there is no row yet and `expiresAt` is left out. */
  readonly initialExpiresAt?: number | undefined;
}

/**
 * Appends events to a stream, contiguous in version and position. Where all of their ids already stand in the stream, in this order and side by side, nothing is
 * written and the first result is answered with `duplicate`, whatever the conditions; where only some do, it is a conflict. Ids stand for ever, also those of events that
 * were erased.
 */
export interface AppendOp {
  readonly op: "append";
  readonly stream: string;
  readonly events: readonly NewEventRow[];
  /** Core has made their ids for this append, ascending UUIDs of version 7: they stand nowhere yet, and need not be looked for. */
  readonly fresh?: true | undefined;
  readonly expected?: ExpectedVersion;
  /**
   * A conflict where any event after this position satisfies the predicate. An engine looks at the events after the position and at no others, so it costs as many as there
   * are.
   */
  readonly unless?: { readonly after: number; matches(event: EventRow): boolean } | undefined;
}

/** A number: the stream's version must be this; 0: it must have no events that were not erased. `"exists"`: it must have some. Left out: no condition. */
export type ExpectedVersion = number | "exists" | undefined;

/**
 * Takes away data, type, tags and metadata of the stream's events below the version, and frees their space. Their ids, versions and positions stay taken, and
 * no event is reported any more but by its id. Core erases at most {@link Capabilities.limits}.commitOps events at a time, the oldest first. Answers {@link Answer.existed}:
 * whether there was an event to erase; if not, nothing is written. Else the version of the stream's row becomes another one.
 */
export interface EraseOp {
  readonly op: "erase";
  readonly stream: string;
  /** Exclusive. */
  readonly before: number;
  readonly expected?: ExpectedVersion;
}

/** The row must be as said, at the moment of the commit. */
export interface CheckOp {
  readonly op: "check";
  readonly space: Space;
  readonly key: string;
  readonly ifVersion: string | null;
}

/** The page of this range must still have this hash, by core's `hashRows` over key and version of each row. */
export interface CheckRangeOp {
  readonly op: "checkRange";
  readonly space: Space;
  readonly range: ScanRange;
  readonly hash: string;
}

export type CommitResult =
  /** All of the list is in effect, with one answer per operation. */
  | { readonly outcome: "applied"; readonly time: number; readonly answers: readonly Answer[] }
  /** Nothing of it is: operation number `op` found its condition not met. */
  | {
      readonly outcome: "conflict";
      readonly op: number;
      /** The unique index that another row already occupies. */
      readonly index?: string | undefined;
    }
  /** It may be. Core finds out by reading the versions. */
  | { readonly outcome: "unknown"; readonly cause: unknown }
  /** Nothing of it is, nor will be; but others are of those that were committed with it, so that nothing can be thrown. */
  | { readonly outcome: "failed"; readonly error: PersistError };

/** What an operation has to tell; see each operation for which. */
export interface Answer {
  readonly createdAt?: number | undefined;
  readonly existed?: boolean | undefined;
  /** Of an `add`; of a put in `blobs` where the engine has stored other facts than it was given. */
  readonly value?: string | undefined;
  readonly expiresAt?: number | undefined;
  readonly appended?: Appended | undefined;
}

export interface Appended {
  /** Of the last event of the append. */
  readonly version: number;
  readonly position: number;
  readonly duplicate: boolean;
}

// ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ChangePage {
  readonly changes: readonly ChangedRow[];
  /** Go on here. Never `undefined`: an empty page answers with where it stands. */
  readonly cursor: string;
  /** Whether another page may follow at once. */
  readonly more: boolean;
}

export interface ChangedRow {
  readonly space: Space;
  readonly key: string;
  /** The present state; left out where it was deleted. */
  readonly row?: Row | undefined;
  /** Why there is no row: `"expired"` where it had expired when it was removed. */
  readonly reason?: "deleted" | "expired" | undefined;
  /** The version of the write, or of the deletion; of a row that a sweep removed, its own. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** A `since` that goes on right after this change. */
  readonly cursor: string;
}

// ── bytes ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Contents of blobs: written before the row that names them, invisible until then, and never changed afterwards. */
export interface Bytes {
  /** The length of the parts that {@link extend} takes. */
  readonly partBytes: number;
  /**
   * Stores the bytes under a new token. Reads the body with bounded memory and stops it where storing fails. What is staged and never put is discarded, or
   * swept a day later.
   */
  stage(body: AsyncIterable<Uint8Array>, o: EngineOptions, target?: BlobTarget): Promise<Staged>;
  /**
   * The bytes that the row's `content` names (also where they are only staged), from `offset`, at most `length`. Those of a row that was replaced meanwhile stay
   * readable for ten minutes; where `capabilities.blobSnapshots` is `absent` they are CONFLICT, as soon as something else is read.
   */
  open(row: Row, range: ByteRange, o: EngineOptions): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /**
   * Stages bytes step by step, over any number of processes: from now on the part stands at `offset`, a multiple of {@link partBytes}. It is at most so long, and
   * what comes behind a shorter one is told by giving that one again, longer. Without a token it begins new bytes; then the part may be empty. Durable when
   * answered, and kept for another day.
   *
   * What stands there already is never changed. Where that is equal, as after a lost answer, it is answered as if it were new; where it differs, or where the part would
   * leave a hole, it is a CONFLICT: so of two who extend the same bytes differently, one gets through. NOT_FOUND where the bytes were discarded or swept, or belong to a row.
   */
  extend(token: string | undefined, offset: number, part: Uint8Array, o: EngineOptions): MaybePromise<Extended>;
  /** How far the bytes have come that the token of any earlier {@link extend} names; `undefined` where that is NOT_FOUND. */
  extended(token: string, o: EngineOptions): MaybePromise<Extended | undefined>;
  /**
   * A shortcut, where the backend copies without sending the bytes around: a token for the bytes of the row, to be put in another row. It is a new one, or, where rows may
   * share their bytes, the row's own `content`, which is not discarded. CONFLICT where they are gone. Without it core reads them and stages them.
   */
  copy?(row: Row, o: EngineOptions): MaybePromise<string>;
  /**
   * A shortcut, where a row and its bytes come with one request: those of the range, cut at the end; none where it begins behind it. `undefined` where there is no blob.
   * Without it core calls `read` and `open`.
   */
  fetch?(key: string, range: WantedRange | undefined, o: EngineOptions): Promise<Fetched | undefined>;
  /** Where `capabilities.signedUrls` is not `absent`: what lets anybody read or write the blob, without this store. */
  sign?(key: string, what: SignedRequest, o: EngineOptions): MaybePromise<SignedUrl>;
  /** Gives staged bytes up. */
  discard(token: string): MaybePromise<void>;
}

/** Bytes that are staged step by step. */
export interface Extended {
  /** Names all of them, for a put. */
  readonly token: string;
  /** Bytes that are durable. */
  readonly size: number;
}

/** What staged bytes become, so that an engine may send them there at once: they are put there, with these facts, or discarded, and nobody reads them before. */
export interface BlobTarget {
  readonly key: string;
  /** Bytes, where known beforehand. */
  readonly size?: number | undefined;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The put will have a condition. */
  readonly conditional: boolean;
}

/** As users ask for it. Without `length`: to the end. `suffix`: so many at the end. */
export type WantedRange =
  | { readonly offset: number; readonly length?: number | undefined }
  | { readonly suffix: number };

export interface Fetched {
  readonly row: Row;
  /** The bytes, as they are read. Once. Where nobody has asked for them for a while they are let go of, and may be CONFLICT then. */
  open(o: EngineOptions): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Nobody will open it. */
  discard(): void;
}

export interface SignedRequest {
  readonly method: "GET" | "PUT";
  readonly seconds: number;
  /** With PUT: what the request must say. */
  readonly contentType?: string | undefined;
}

export interface SignedUrl {
  readonly url: string;
  /** What has to be sent along. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface Staged {
  readonly token: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}
