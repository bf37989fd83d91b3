/** Random operations on few keys, so that they meet. */
import fc from "fast-check";
import { compareBytes } from "../../src/bytes-order.ts";
import type { EventRange, IndexEntry, NewEventRow, Op, ScanRange, Space } from "../../src/contract.ts";

import { readRow, scanRows } from "../../src/memory/reads.ts";
import type { State } from "../../src/memory/state.ts";
import { hashRows } from "../../src/row-hash.ts";

export type RowSpace = Exclude<Space, "streams">;

const long = "é".repeat(255);
/** Two of them are cut, and only differ behind the cut; capitals and slashes are traps of file systems. */
export const keys = [
  "a",
  "A",
  "a/b",
  "a.b",
  "ab",
  "b",
  "é",
  "😀",
  "\uffee",
  "x".repeat(200),
  "x".repeat(201),
  long,
  `${long}1`,
  `${long}0`,
];
export const streams = ["s", "s/1", "S", `${long}s`];

const key = fc.constantFrom(...keys);
const rowSpace = fc.constantFrom<RowSpace>("records", "records", "kv", "blobs", "system");
const json = fc.oneof(
  fc.json({ maxDepth: 1 }),
  fc.integer().map(String),
  fc.constantFrom('"plain"', '{"$$text":"x"}', '{"__proto__":1}', '"\\u0000"'),
);
const later = fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined });
const tuple = fc.uint8Array({ maxLength: 2, max: 3 });

/** What stands for a version that is only known when the operation runs. */
export type Wanted = undefined | null | "present" | "other";
const wanted = fc.constantFrom<Wanted>(undefined, undefined, undefined, null, "present", "present", "other");

const entries: fc.Arbitrary<IndexEntry[]> = fc
  .tuple(fc.uniqueArray(tuple, { maxLength: 2, selector: String }), fc.uniqueArray(tuple, { maxLength: 1 }))
  .map(([tags, emails]) => [
    ...tags.map((bytes) => ({ index: "by/tag", tuple: bytes, unique: false })),
    ...emails.map((bytes) => ({ index: "email", tuple: bytes, unique: true })),
  ]);

const event = fc.record({
  id: fc.constantFrom(..."123456789"),
  type: fc.constantFrom("t", "u"),
  tags: fc.constantFrom<string[]>([], ["x"]),
  data: json,
  metadata: fc.constantFrom(undefined, '{"by":"me"}'),
});

/** Up to 70, which takes three sheets; in crash tests, where each write costs a run, at most 3. */
const eventsOf = (most: number) =>
  fc.oneof(
    fc.uniqueArray(event, { minLength: 1, maxLength: 3, selector: ({ id }) => id }),
    fc
      .integer({ min: 1, max: most })
      .map((count) =>
        Array.from(
          { length: count },
          (_, i): NewEventRow => ({ id: `many-${count}-${i}`, type: "t", tags: [], data: "1" }),
        ),
      ),
  );

const bound = fc.option(fc.record({ key, inclusive: fc.boolean() }), { nil: undefined });
const common = { reverse: fc.boolean(), limit: fc.integer({ min: 1, max: 6 }), keysOnly: fc.boolean() };
export const range: fc.Arbitrary<ScanRange> = fc.oneof(
  fc.record({ by: fc.constant("key" as const), lower: bound, upper: bound, ...common }),
  fc
    .record({
      by: fc.constant("index" as const),
      index: fc.constantFrom("by/tag", "email"),
      lower: fc.option(tuple, { nil: undefined }),
      upper: fc.option(tuple, { nil: undefined }),
      after: fc.option(fc.record({ tuple, key }), { nil: undefined }),
      ...common,
    })
    .map(({ after, ...rest }) => (after !== undefined && isWithin(after.tuple, rest) ? { ...rest, after } : rest)),
);
export const eventRange: fc.Arbitrary<EventRange> = fc.record({
  stream: fc.option(fc.constantFrom(...streams), { nil: undefined }),
  from: fc.option(fc.nat(40), { nil: undefined }),
  to: fc.option(fc.nat(60), { nil: undefined }),
  reverse: fc.boolean(),
  limit: fc.integer({ min: 1, max: 50 }),
});

export type Step =
  | {
      readonly do: "put";
      space: RowSpace;
      key: string;
      value: string;
      expires: number | undefined;
      index: IndexEntry[];
      if: Wanted;
    }
  | { readonly do: "delete"; space: RowSpace; key: string; if: Wanted }
  | { readonly do: "check"; space: Space; key: string; if: Wanted }
  | { readonly do: "add"; key: string; by: number; expires: number | undefined }
  | {
      readonly do: "append";
      stream: string;
      events: NewEventRow[];
      expected: number | "exists" | "right" | undefined;
      unless: number | undefined;
    }
  | { readonly do: "erase"; stream: string; before: number; expected: 0 | "exists" | "right" | undefined }
  | { readonly do: "reindex"; key: string; index: IndexEntry[]; if: Wanted }
  | { readonly do: "checkRange"; range: ScanRange; right: boolean };

const stepWith = (most: number): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("put" as const),
        space: rowSpace,
        key,
        value: json,
        expires: later,
        index: entries,
        if: wanted,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("reindex" as const), key, index: entries, if: wanted }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("delete" as const), space: rowSpace, key, if: wanted }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("check" as const),
        space: fc.constantFrom<Space>("records", "kv", "streams"),
        key: fc.constantFrom(...keys, ...streams),
        if: wanted,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("add" as const),
        key,
        by: fc.integer({ min: -5, max: 5 }),
        expires: later,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("append" as const),
        stream: fc.constantFrom(...streams),
        events: eventsOf(most),
        expected: fc.constantFrom<number | "exists" | "right" | undefined>(undefined, undefined, 0, "exists", "right"),
        unless: fc.option(fc.nat(5), { nil: undefined, freq: 2 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("erase" as const),
        stream: fc.constantFrom(...streams),
        before: fc.nat(most + 5),
        expected: fc.constantFrom<0 | "exists" | "right" | undefined>(undefined, undefined, 0, "exists", "right"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("checkRange" as const), range, right: fc.boolean() }) },
  );

/** A page ends inside of its range. */
function isWithin(
  bytes: Uint8Array,
  { lower, upper }: { lower: Uint8Array | undefined; upper: Uint8Array | undefined },
): boolean {
  return (
    (lower === undefined || compareBytes(bytes, lower) >= 0) && (upper === undefined || compareBytes(bytes, upper) < 0)
  );
}

/** Each key is written once. */
export const listWith = ({ events: most, steps }: { events: number; steps: number }): fc.Arbitrary<Step[]> =>
  fc.array(stepWith(most), { minLength: 1, maxLength: steps }).map((all) => {
    const written = new Set<string>();
    return all.filter((one) => {
      const key = keyWritten(one);
      if (key === undefined) return true;
      const isFirst = !written.has(key);
      written.add(key);
      return isFirst;
    });
  });

function keyWritten(one: Step): string | undefined {
  switch (one.do) {
    case "put":
    case "delete":
      return `${one.space} ${one.key}`;
    case "reindex":
      return `records ${one.key}`;
    case "add":
      return `kv ${one.key}`;
    case "append":
    case "erase":
      return `stream ${one.stream}`;
    default:
      return undefined;
  }
}

/** The operation of a step, now that it is known what is there. */
function toOp(
  one: Step,
  now: number,
  version: () => string,
  present: (space: Space, key: string) => string | undefined,
  hash: (range: ScanRange) => string,
): Op {
  const ifVersion = (space: Space, of: string, want: Wanted) =>
    want === "present" ? (present(space, of) ?? null) : want === "other" ? "never" : want;
  /** What comes after the point tells erasures apart. */
  const versionOf = (stream: string) => Number.parseInt(present("streams", stream) ?? "0", 10);
  switch (one.do) {
    case "put": {
      const op: Op = {
        op: "put",
        space: one.space,
        key: one.key,
        value: one.value,
        version: version(),
        ifVersion: ifVersion(one.space, one.key, one.if),
      };
      const expiresAt = one.expires === undefined ? undefined : now + one.expires;
      return one.space === "records" ? { ...op, expiresAt, index: one.index } : { ...op, expiresAt };
    }
    case "delete":
      return {
        op: "delete",
        space: one.space,
        key: one.key,
        version: version(),
        ifVersion: ifVersion(one.space, one.key, one.if),
      };
    case "reindex": {
      const version = ifVersion("records", one.key, one.if ?? "present") ?? "never";
      return { op: "reindex", space: "records", key: one.key, ifVersion: version, index: one.index };
    }
    case "check":
      return {
        op: "check",
        space: one.space,
        key: one.key,
        ifVersion: ifVersion(one.space, one.key, one.if ?? null) ?? null,
      };
    case "add":
      return {
        op: "add",
        space: "kv",
        key: one.key,
        by: one.by,
        version: version(),
        expiresAt: one.expires === undefined ? undefined : now + one.expires,
      };
    case "append": {
      const { stream, events: rows, unless } = one;
      const expected = one.expected === "right" ? versionOf(stream) : one.expected;
      const op: Op = { op: "append", stream, events: rows, expected };
      return unless === undefined ? op : { ...op, unless: { after: unless, matches: ({ type }) => type === "u" } };
    }
    case "erase": {
      const { stream, before } = one;
      return { op: "erase", stream, before, expected: one.expected === "right" ? versionOf(stream) : one.expected };
    }
    case "checkRange":
      return { op: "checkRange", space: "records", range: one.range, hash: one.right ? hash(one.range) : "0.0.0" };
  }
}

/** The operations of each commit, made when those before it have been committed to the state. */
export function* commitsOf(
  state: State,
  commits: readonly (readonly (readonly Step[])[])[],
  now: number,
  prefix = "v",
): Iterable<Op[][]> {
  let versions = 0;
  const present = (space: Space, of: string) => readRow(state, space, of, now)?.version;
  const hash = (of: ScanRange) => hashRows(scanRows(state, "records", of, now).rows);
  for (const lists of commits) {
    yield lists.map((steps) => steps.map((one) => toOp(one, now, () => `${prefix}${++versions}`, present, hash)));
  }
}
