/**
 * What a store is, in the simplest words there are: three Maps and a list. Written for obviousness and not for speed, and shares no code with any engine.
 *
 * Versions cannot be foreseen, so the model numbers the writes, and says `write 7` where the store has a version.
 */
import { bytesOf } from "../content.ts";
import { byBytes } from "./byte-order.ts";
import { createEventLog, type EventEntry } from "./event-log.ts";
import {
  type Change,
  collectionPrefix,
  type Expected,
  type InnerOperation,
  type Operation,
  type Query,
  type Range,
} from "./operations.ts";
import { compareBy, matches } from "./queries.ts";
import { Refusal } from "./refusal.ts";

/** What came of an operation: a result, or the code of an error. */
export type Outcome = { readonly result: unknown } | { readonly error: string };

interface Entry {
  readonly value: unknown;
  readonly version: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number | undefined;
}

interface BlobEntry {
  readonly bytes: Uint8Array;
  readonly updatedAt: number;
}

export interface Model {
  /** Where the operation is done inside of a transaction, positions and times of its own events are not known yet, and are left out. */
  perform(operation: Operation): Outcome;
  /** All that is stored. */
  everything(): unknown;
}

export function createModel(clock: { now(): number; advance(ms: number): void }): Model {
  let kv = new Map<string, Entry>();
  let records = new Map<string, Entry>();
  let blobs = new Map<string, BlobEntry>();
  const events = createEventLog(clock);
  /** The records as they were when the transaction began that is running. */
  let beforeTransaction: Map<string, Entry> | undefined;
  let writes = 0;

  const refuse = (code: string): never => {
    throw new Refusal(code);
  };

  // ── entries of kv and records ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  const find = (entries: Map<string, Entry>, key: string) => {
    const entry = entries.get(key);
    return entry === undefined || (entry.expiresAt !== undefined && entry.expiresAt <= clock.now()) ? undefined : entry;
  };

  const write = (entries: Map<string, Entry>, key: string, value: unknown, expiresAt: number | undefined) => {
    const now = clock.now();
    const createdAt = find(entries, key)?.createdAt ?? replaced(entries, key)?.createdAt ?? now;
    entries.set(key, { value, version: `write ${++writes}`, createdAt, updatedAt: now, expiresAt });
  };

  /** What a transaction deletes and makes anew is replaced by its commit, and keeps the time at which it was made. */
  const replaced = (entries: Map<string, Entry>, key: string) =>
    entries === records && beforeTransaction !== undefined ? find(beforeTransaction, key) : undefined;

  const remove = (entries: Map<string, Entry>, key: string) => {
    const existed = find(entries, key) !== undefined;
    entries.delete(key);
    return existed;
  };

  const demand = (isThere: boolean, expect: Expected) => {
    if (expect === "stale" || (expect === "current" && !isThere) || (expect === "nothing" && isThere))
      refuse("CONFLICT");
  };

  const after = (ttl: number | undefined) => (ttl === undefined ? undefined : clock.now() + ttl);

  const keysIn = (all: Iterable<string>, { prefix = "", start, startAfter, end, reverse, limit }: Range) => {
    const keys = [...all]
      .filter((key) => key.startsWith(prefix))
      .filter((key) => start === undefined || byBytes(key, start) >= 0)
      .filter((key) => startAfter === undefined || byBytes(key, startAfter) > 0)
      .filter((key) => end === undefined || byBytes(key, end) < 0)
      .sort(byBytes);
    if (reverse === true) keys.reverse();
    return keys.slice(0, limit);
  };

  const liveKeys = (entries: Map<string, Entry>, range: Range) =>
    keysIn(
      [...entries.keys()].filter((key) => find(entries, key) !== undefined),
      range,
    );

  const showValue = (key: string) => {
    const entry = find(kv, key);
    if (entry === undefined) return undefined;
    const { value, version, expiresAt } = entry;
    return { key, value, version, ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }) };
  };

  const showRecord = (key: string) => {
    const entry = find(records, key);
    if (entry === undefined) return undefined;
    const { value, version, createdAt, updatedAt, expiresAt } = entry;
    const shown = { key, value, version, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) };
    return expiresAt === undefined ? shown : { ...shown, expiresAt: new Date(expiresAt) };
  };

  // ── queries ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The keys in the collection of what matches, in the order that was asked for. */
  const query = ({ condition, orderBy = [], reverse, limit }: Query) => {
    const keys = liveKeys(records, { prefix: collectionPrefix }).filter(
      (key) => condition === undefined || matches(find(records, key)?.value, condition),
    );
    keys.sort((a, b) => compareBy(orderBy, find(records, a)?.value, find(records, b)?.value));
    if (reverse === true) keys.reverse();
    return keys.slice(0, limit);
  };

  const showEvent = ({ time, ...event }: EventEntry) => ({ ...event, time: new Date(time) });

  // ── blobs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  const showBlob = (key: string) => {
    const blob = blobs.get(key);
    return blob === undefined ? undefined : { key, size: blob.bytes.length, lastModified: new Date(blob.updatedAt) };
  };

  // ── operations ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  const change = (key: string, how: Change): unknown => {
    const current = find(kv, key)?.value;
    if (how === "remove") return undefined;
    return how === "replace" ? { replaced: [current ?? null] } : typeof current === "number" ? current + 1 : 1;
  };

  const inner = (op: InnerOperation, inTransaction: boolean): unknown => {
    switch (op.do) {
      case "kv.set":
        demand(find(kv, op.key) !== undefined, op.expect);
        write(kv, op.key, op.value, after(op.ttl));
        return { version: kv.get(op.key)?.version };
      case "kv.setMany":
        for (const [key, value] of new Map(op.entries)) write(kv, key, value, after(op.ttl));
        return undefined;
      case "kv.get":
        return find(kv, op.key)?.value;
      case "kv.getEntry":
        return showValue(op.key);
      case "kv.getMany":
        return new Map(op.keys.filter((key) => find(kv, key) !== undefined).map((key) => [key, find(kv, key)?.value]));
      case "kv.has":
        return find(kv, op.key) !== undefined;
      case "kv.delete":
        demand(find(kv, op.key) !== undefined, op.expect);
        return remove(kv, op.key);
      case "kv.increment": {
        const entry = find(kv, op.key);
        if (entry !== undefined && typeof entry.value !== "number") return refuse("INVALID_VALUE");
        const sum = ((entry?.value as number | undefined) ?? 0) + op.by;
        write(kv, op.key, sum, after(op.ttl) ?? entry?.expiresAt);
        return sum;
      }
      case "kv.update": {
        const next = change(op.key, op.change);
        if (next === undefined) remove(kv, op.key);
        else write(kv, op.key, next, after(op.ttl) ?? find(kv, op.key)?.expiresAt);
        return next;
      }
      case "kv.touch": {
        const entry = find(kv, op.key);
        if (entry === undefined) return false;
        write(kv, op.key, entry.value, after(op.ttl ?? undefined));
        return true;
      }
      case "kv.list":
        return liveKeys(kv, op.range).map(showValue);
      case "kv.keys":
        return liveKeys(kv, op.range);
      case "records.put":
        demand(find(records, op.key) !== undefined, op.expect);
        write(records, op.key, op.value, after(op.ttl));
        return showRecord(op.key);
      case "records.insert":
        demand(find(records, op.key) !== undefined, "nothing");
        write(records, op.key, op.value, after(op.ttl));
        return showRecord(op.key);
      case "records.putMany": {
        const entries = new Map(op.entries);
        for (const [key, value] of entries) write(records, key, value, undefined);
        return [...entries.keys()].map(showRecord);
      }
      case "records.get":
        return showRecord(op.key);
      case "records.getMany":
        return new Map(op.keys.filter((key) => find(records, key) !== undefined).map((key) => [key, showRecord(key)]));
      case "records.patch": {
        const entry = find(records, op.key);
        if (entry === undefined) return refuse("NOT_FOUND");
        if (!isFields(entry.value)) return refuse("INVALID_ARGUMENT");
        const next = { ...entry.value, ...op.patch };
        for (const name of Object.keys(next)) if (next[name] === undefined) delete next[name];
        write(records, op.key, next, entry.expiresAt);
        return showRecord(op.key);
      }
      case "records.delete":
        demand(find(records, op.key) !== undefined, op.expect);
        return remove(records, op.key);
      case "records.list":
        return liveKeys(records, op.range).map(showRecord);
      case "blobs.put":
        demand(blobs.has(op.key), op.expect);
        blobs.set(op.key, { bytes: bytesOf(op.size, op.seed), updatedAt: clock.now() });
        return showBlob(op.key);
      case "blobs.get": {
        const blob = blobs.get(op.key);
        if (blob === undefined) return undefined;
        if (op.offset > blob.bytes.length) return refuse("INVALID_ARGUMENT");
        return blob.bytes.slice(op.offset, op.offset + op.length);
      }
      case "blobs.head":
        return showBlob(op.key);
      case "blobs.delete":
        demand(blobs.has(op.key), op.expect);
        return blobs.delete(op.key);
      case "events.append": {
        const { version, ids, ...rest } = events.append(op.stream, op.ids, op.value, op.expect);
        return inTransaction ? { version, ids } : { version, position: rest.position, ids, duplicate: rest.duplicate };
      }
      case "events.read": {
        const picked = events.read(op.stream, op);
        return inTransaction ? picked.map(({ id, version, data }) => ({ id, version, data })) : picked.map(showEvent);
      }
      case "events.head":
        return events.head(op.stream);
      case "collection.list":
        return query(op.query).map((key) => ({ ...showRecord(key), key: key.slice(collectionPrefix.length) }));
      case "collection.count":
        return query(op.query).length;
    }
  };

  const perform = (op: Operation): unknown => {
    switch (op.do) {
      case "kv.pages":
        return liveKeys(kv, { ...op.range, limit: Number.POSITIVE_INFINITY }).map(showValue);
      case "records.pages":
        return liveKeys(records, { ...op.range, limit: Number.POSITIVE_INFINITY }).map(showRecord);
      case "kv.clear":
        return liveKeys(kv, op).filter((key) => remove(kv, key)).length;
      case "records.clear":
        return liveKeys(records, op).filter((key) => remove(records, key)).length;
      case "blobs.clear":
        return keysIn(blobs.keys(), op).filter((key) => blobs.delete(key)).length;
      case "blobs.list":
        return keysIn(blobs.keys(), op.range).map((key) => ({ key, size: blobs.get(key)?.bytes.length }));
      case "events.streams": {
        const streams = keysIn(new Set(events.all().map(({ stream }) => stream)), op.range);
        return streams.map((stream) => ({ stream, version: events.head(stream) }));
      }
      case "events.truncate":
        events.erase(op.stream, op.before);
        return undefined;
      case "events.deleteStream":
        return events.erase(op.stream, Number.POSITIVE_INFINITY);
      case "events.readAll":
        return events.readAll(op).map(showEvent);
      case "transaction": {
        const before = { kv: new Map(kv), records: new Map(records), blobs: new Map(blobs) };
        const undoEvents = events.mark();
        beforeTransaction = before.records;
        const outcomes = op.inner.map((one) => attempt(() => inner(one, true)));
        beforeTransaction = undefined;
        if (op.ends === "throw") {
          ({ kv, records, blobs } = before);
          undoEvents();
        }
        return outcomes;
      }
      case "advance":
        clock.advance(op.ms);
        return undefined;
      case "collection.index": // only tells how queries are run
      case "reopen":
        return undefined;
      default:
        return inner(op, false);
    }
  };

  return {
    perform: (operation) => attempt(() => perform(operation)),
    everything: () => ({
      kv: liveKeys(kv, {}).map(showValue),
      records: liveKeys(records, {}).map(showRecord),
      blobs: keysIn(blobs.keys(), {}).map((key) => [key, blobs.get(key)?.bytes]),
      events: events.all().map(showEvent),
    }),
  };
}

function attempt(work: () => unknown): Outcome {
  try {
    return { result: work() };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.code };
    throw error;
  }
}

/** An object with fields that a patch can change. */
function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
