/** The operations of a random sequence: plain data, so that a failing sequence can be read, and repeated by hand. */
import fc from "fast-check";
import type { Condition, Order, Path, Test } from "./queries.ts";

/** What must be there; `"current"` and `"stale"` stand for versions that are looked up when the operation runs. */
export type Expected = "anything" | "nothing" | "current" | "stale";

export interface Range {
  readonly prefix?: string;
  readonly start?: string;
  readonly startAfter?: string;
  readonly end?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly batchSize?: number;
}

export type Change = "count" | "replace" | "remove";

export type KvOperation =
  | { readonly do: "kv.set"; key: string; value: unknown; ttl?: number; expect: Expected }
  | { readonly do: "kv.setMany"; entries: readonly (readonly [string, unknown])[]; ttl?: number }
  | { readonly do: "kv.get"; key: string }
  | { readonly do: "kv.getEntry"; key: string }
  | { readonly do: "kv.getMany"; keys: readonly string[] }
  | { readonly do: "kv.has"; key: string }
  | { readonly do: "kv.delete"; key: string; expect: Expected }
  | { readonly do: "kv.increment"; key: string; by: number; ttl?: number }
  | { readonly do: "kv.update"; key: string; change: Change; ttl?: number }
  | { readonly do: "kv.touch"; key: string; ttl: number | null }
  | { readonly do: "kv.list"; range: Range }
  | { readonly do: "kv.keys"; range: Range };

export type RecordOperation =
  | { readonly do: "records.put"; key: string; value: unknown; ttl?: number; expect: Expected }
  | { readonly do: "records.insert"; key: string; value: unknown; ttl?: number }
  | { readonly do: "records.putMany"; entries: readonly (readonly [string, unknown])[] }
  | { readonly do: "records.get"; key: string }
  | { readonly do: "records.getMany"; keys: readonly string[] }
  | { readonly do: "records.patch"; key: string; patch: Readonly<Record<string, unknown>> }
  | { readonly do: "records.delete"; key: string; expect: Expected }
  | { readonly do: "records.list"; range: Range };

export type BlobOperation =
  | { readonly do: "blobs.put"; key: string; size: number; seed: number; expect: Exclude<Expected, "stale"> }
  | { readonly do: "blobs.get"; key: string; offset: number; length: number }
  | { readonly do: "blobs.head"; key: string }
  | { readonly do: "blobs.delete"; key: string; expect: Exclude<Expected, "stale"> };

export type EventOperation =
  | {
      readonly do: "events.append";
      stream: string;
      ids: readonly string[];
      value: unknown;
      expect: "any" | "noStream" | "streamExists" | "head" | "beyond";
    }
  | { readonly do: "events.read"; stream: string; from: number; to: number; backward: boolean; limit: number }
  | { readonly do: "events.head"; stream: string };

/** Of the records under {@link collectionPrefix}. */
export interface Query {
  readonly condition?: Condition;
  readonly orderBy?: Order;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly batchSize?: number;
}

export const collectionName = "a";
export const collectionPrefix: string = `${collectionName}/`;

export interface CollectionOperation {
  readonly do: "collection.list" | "collection.count";
  readonly query: Query;
}

/** What a transaction can do. */
export type InnerOperation = KvOperation | RecordOperation | BlobOperation | EventOperation | CollectionOperation;

export type Operation =
  | InnerOperation
  | { readonly do: "kv.pages" | "records.pages"; range: Range; size: number }
  | { readonly do: "kv.clear" | "records.clear" | "blobs.clear"; prefix: string }
  | { readonly do: "blobs.list" | "events.streams"; range: Range }
  | { readonly do: "events.truncate"; stream: string; before: number }
  | { readonly do: "events.deleteStream"; stream: string }
  | { readonly do: "events.readAll"; from: number; to: number; backward: boolean; limit: number }
  | { readonly do: "transaction"; inner: readonly InnerOperation[]; ends: "commit" | "throw" }
  /** From now on indexes are declared, and built while everything goes on. */
  | { readonly do: "collection.index" }
  | { readonly do: "advance"; ms: number }
  | { readonly do: "reopen" };

// ── arbitraries ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Few, so that operations meet, and such as some backend somewhere mistakes for each other. */
const names = [
  "a",
  "b",
  "ab",
  "a%",
  "a_",
  "A",
  "a/b",
  "a/a",
  "a/é",
  "a/😀",
  "é",
  "e\u0301",
  "\uffff",
  "😀",
  "__proto__",
];

const oddKey = fc.string({ unit: "binary", minLength: 1, maxLength: 3 }).filter((text) => !text.includes("\0"));
const key = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: oddKey });
const part = fc.constantFrom("", "a", "ab", "A", "a%", "a_", "b", "é", "\uffff", "😀", "~");

const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.constant(-0) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 5 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      null,
      Number.NaN,
      "\ud800\0",
      2n ** 70n,
      new Date(0),
      new Uint8Array([0, 255]),
      new Map([["k", new Set([1n])]]),
      { $n: "NaN" },
      { z: 1, a: { $i: 1 } },
      [[], {}],
      JSON.parse('{"__proto__":[1]}'),
    ),
  },
);

const document = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.dictionary(fc.constantFrom("x", "y", "z", "$n", ""), value, { maxKeys: 3, noNullPrototype: true }),
  },
  { weight: 1, arbitrary: value },
);

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const ttl = fc.option(fc.constantFrom(10, 1000), { nil: undefined, freq: 3 });
const expect = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Expected>("anything") },
  { weight: 3, arbitrary: fc.constantFrom<Expected>("nothing", "current", "stale") },
);
const expectBlob = fc.constantFrom<Exclude<Expected, "stale">>("anything", "anything", "nothing", "current");
const count = fc.integer({ min: 1, max: 5 });

/** Leaves out what is undefined. */
const compact = <T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  arbitrary.map((object) => Object.fromEntries(Object.entries(object).filter(([, item]) => item !== undefined)) as T);

const range = compact(
  fc.record({
    prefix: maybe(part),
    start: maybe(part),
    startAfter: maybe(part),
    end: maybe(part),
    reverse: maybe(fc.boolean()),
    limit: maybe(count),
    batchSize: maybe(count),
  }),
) as fc.Arbitrary<Range>;

const entries = fc.array(fc.tuple(key, value), { maxLength: 4 });
const keys = fc.array(key, { maxLength: 4 });

/** An operation of the name with these fields. */
const operation = <O extends Operation>(name: O["do"], fields: object): fc.Arbitrary<O> =>
  compact(fc.record({ do: fc.constant(name), ...fields })) as unknown as fc.Arbitrary<O>;

const kvOperation: fc.Arbitrary<KvOperation> = fc.oneof(
  operation<KvOperation>("kv.set", { key, value, ttl, expect }),
  operation<KvOperation>("kv.set", { key, value, ttl, expect }),
  operation<KvOperation>("kv.setMany", { entries, ttl }),
  operation<KvOperation>("kv.get", { key }),
  operation<KvOperation>("kv.getEntry", { key }),
  operation<KvOperation>("kv.getMany", { keys }),
  operation<KvOperation>("kv.has", { key }),
  operation<KvOperation>("kv.delete", { key, expect }),
  operation<KvOperation>("kv.increment", { key, by: fc.constantFrom(1, -2, 0.5), ttl }),
  operation<KvOperation>("kv.update", { key, change: fc.constantFrom<Change>("count", "replace", "remove"), ttl }),
  operation<KvOperation>("kv.touch", { key, ttl: fc.constantFrom(10, 1000, null) }),
  operation<KvOperation>("kv.list", { range }),
  operation<KvOperation>("kv.keys", { range }),
);

const recordOperation: fc.Arbitrary<RecordOperation> = fc.oneof(
  operation<RecordOperation>("records.put", { key, value: document, ttl, expect }),
  operation<RecordOperation>("records.put", { key, value: document, ttl, expect }),
  operation<RecordOperation>("records.insert", { key, value: document, ttl }),
  operation<RecordOperation>("records.putMany", { entries }),
  operation<RecordOperation>("records.get", { key }),
  operation<RecordOperation>("records.getMany", { keys }),
  operation<RecordOperation>("records.patch", {
    key,
    patch: fc.dictionary(fc.constantFrom("x", "y", "__proto__"), fc.option(value, { nil: undefined }), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
  }),
  operation<RecordOperation>("records.delete", { key, expect }),
  operation<RecordOperation>("records.list", { range }),
);

/** The greatest is stored in parts by every engine, and takes as long as a hundred others. */
const size = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(0, 1, 9, 50, 100, 1000) },
  { weight: 1, arbitrary: fc.constant(300_000) },
);

const blobOperation: fc.Arbitrary<BlobOperation> = fc.oneof(
  operation<BlobOperation>("blobs.put", {
    key,
    size,
    seed: count,
    expect: expectBlob,
  }),
  operation<BlobOperation>("blobs.get", {
    key,
    offset: fc.constantFrom(0, 0, 1, 5, 150_000),
    length: fc.constantFrom(0, 1, 5, 1_000_000),
  }),
  operation<BlobOperation>("blobs.head", { key }),
  operation<BlobOperation>("blobs.delete", { key, expect: expectBlob }),
);

const stream = fc.constantFrom("a", "b", "a_", "😀");
const ids = fc.uniqueArray(
  fc.oneof(fc.nat(5), fc.nat(100_000)).map((n) => `id-${n}`),
  { minLength: 1, maxLength: 4 },
);
const place = fc.integer({ min: 0, max: 12 });
const reading = { from: place, to: place, backward: fc.boolean(), limit: count };

const eventOperation: fc.Arbitrary<EventOperation> = fc.oneof(
  operation<EventOperation>("events.append", {
    stream,
    ids,
    value,
    expect: fc.constantFrom("any", "any", "any", "noStream", "streamExists", "head", "beyond"),
  }),
  operation<EventOperation>("events.append", { stream, ids, value, expect: fc.constant("any") }),
  operation<EventOperation>("events.read", { stream, ...reading }),
  operation<EventOperation>("events.head", { stream }),
);

const path = fc.constantFrom<Path>("x", "x", "y", "x.z");
const scalar = fc.constantFrom<unknown>(-1, 0, 1, 2, Number.NaN, "", "a", true, new Date(0), new Uint8Array([0, 255]));
const scalars = fc.array(fc.oneof(scalar, fc.constant(null)), { maxLength: 3 });
const test = (names: readonly Test[], operand: fc.Arbitrary<unknown>) =>
  fc.record({ path, test: fc.constantFrom(...names), operand, not: fc.constantFrom(undefined, undefined, true) });
const condition = compact(
  fc.oneof(
    { weight: 3, arbitrary: test(["is", "eq", "ne"], fc.oneof(scalar, fc.constant(null))) },
    { weight: 4, arbitrary: test(["gt", "gte", "lt", "lte"], scalar) },
    { weight: 2, arbitrary: test(["in", "notIn"], scalars) },
    { weight: 1, arbitrary: test(["startsWith"], fc.constantFrom("", "a")) },
    { weight: 1, arbitrary: test(["exists"], fc.boolean()) },
  ),
);
const orderBy = fc.array(fc.tuple(path, fc.constantFrom("asc", "desc")), { minLength: 1, maxLength: 2 });
const query = compact(
  fc.record({
    condition: fc.option(condition, { nil: undefined, freq: 5 }),
    orderBy: maybe(orderBy),
    reverse: maybe(fc.boolean()),
    limit: maybe(count),
    batchSize: maybe(count),
  }),
) as fc.Arbitrary<Query>;

/** What queries look for, so that they find some. */
const field = fc.oneof({ weight: 5, arbitrary: scalar }, fc.constant(null), fc.record({ z: scalar }));
const sought = fc.array(
  fc.tuple(
    fc.constantFrom("a", "b", "é", "😀").map((name) => collectionPrefix + name),
    fc.record({ x: field, y: field }, { requiredKeys: [], noNullPrototype: true }),
  ),
  { minLength: 1, maxLength: 4 },
);

const collectionOperation: fc.Arbitrary<CollectionOperation | RecordOperation> = fc.oneof(
  operation<RecordOperation>("records.putMany", { entries: sought }),
  operation<CollectionOperation>("collection.list", { query }),
  operation<CollectionOperation>("collection.count", { query }),
);

const inner: fc.Arbitrary<InnerOperation> = fc.oneof(
  { weight: 3, arbitrary: kvOperation as fc.Arbitrary<InnerOperation> },
  { weight: 2, arbitrary: recordOperation },
  { weight: 1, arbitrary: blobOperation },
  { weight: 2, arbitrary: eventOperation },
  { weight: 1, arbitrary: collectionOperation },
);

const outerOperation: fc.Arbitrary<Operation> = fc.oneof(
  operation<Operation>("kv.pages", { range, size: count }),
  operation<Operation>("records.pages", { range, size: count }),
  operation<Operation>("kv.clear", { prefix: part.filter((text) => text !== "") }),
  operation<Operation>("records.clear", { prefix: part.filter((text) => text !== "") }),
  operation<Operation>("blobs.clear", { prefix: part.filter((text) => text !== "") }),
  operation<Operation>("blobs.list", { range }),
  operation<Operation>("events.streams", { range }),
  operation<Operation>("events.truncate", { stream, before: fc.nat(5) }),
  operation<Operation>("events.deleteStream", { stream }),
  operation<Operation>("events.readAll", reading),
);

const transaction: fc.Arbitrary<Operation> = operation<Operation>("transaction", {
  inner: fc.array(inner, { minLength: 1, maxLength: 6 }),
  ends: fc.constantFrom("commit", "commit", "commit", "throw"),
});

const passing: fc.Arbitrary<Operation> = operation<Operation>("advance", {
  ms: fc.constantFrom(1, 9, 10, 1000),
});
const reopening: fc.Arbitrary<Operation> = operation<Operation>("reopen", {});
const indexing: fc.Arbitrary<Operation> = operation<Operation>("collection.index", {});

// ── what sequences are made of ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** So many parts of these, and so many of those. */
const mixed = (...parts: (readonly [weight: number, fc.Arbitrary<Operation>])[]): fc.Arbitrary<Operation> =>
  fc.oneof(...parts.map(([weight, arbitrary]) => ({ weight, arbitrary })));

export const anyKvOperation: fc.Arbitrary<Operation> = mixed([2, kvOperation], [1, passing]);
export const anyRecordOperation: fc.Arbitrary<Operation> = mixed([2, recordOperation], [1, passing]);
export const anyBlobOperation: fc.Arbitrary<Operation> = mixed([1, blobOperation], [1, passing]);
export const anyEventOperation: fc.Arbitrary<Operation> = mixed([1, eventOperation], [1, passing]);

/** Dense, so that most queries find something, and some just not. */
export const anyQueryOperation: fc.Arbitrary<Operation> = mixed(
  [16, collectionOperation],
  [2, recordOperation],
  [2, transaction],
  [1, indexing],
  [1, passing],
);

/** About as many of each kind, so that each comes after each before long. */
export const anyOperation: fc.Arbitrary<Operation> = mixed(
  [13, kvOperation],
  [9, recordOperation],
  [4, blobOperation],
  [4, eventOperation],
  [6, collectionOperation],
  [1, indexing],
  [10, outerOperation],
  [4, transaction],
  [2, passing],
  [1, reopening],
);
