import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IndexRange, KeyRange, PutOp, ScanRange } from "../../src/contract.ts";
import { compareKeys, prefixEnd } from "../../src/keys.ts";
import { commonPrefix } from "../../src/lift/scan.ts";
import { createSmallest } from "../../src/lift/smallest.ts";
import { hashRows } from "../../src/row-hash.ts";
import { bareAdapter, richAdapter, type Stored } from "./adapters.ts";
import { at, openLift, put } from "./open.ts";

const o = at(1);
const page = { by: "key", reverse: false, keysOnly: false } as const;

/** An engine on the same data whose adapter lists in order, and how many entries it has listed. */
async function openOrdered(stored: Stored) {
  const rich = richAdapter(stored);
  let listed = 0;
  const engine = await openLift({
    ...rich,
    ordered: {
      async *list(prefix, options) {
        for await (const entry of rich.ordered?.list(prefix, options) ?? []) {
          listed++;
          yield entry;
        }
      },
    },
  });
  return { engine, listed: () => listed };
}

test("an ordered listing is asked for no more than the page", async () => {
  const stored: Stored = new Map();
  const keys = Array.from({ length: 1000 }, (_, i) => `k${String(i).padStart(4, "0")}`);
  const index = keys.map((_, i) => [{ index: "n", tuple: Uint8Array.of(i >> 8, i & 0xff), unique: i % 2 === 0 }]);
  await (await openLift(bareAdapter(stored))).commit(
    [keys.map((key, i) => ({ ...put("records", key, "1"), index: index[i] }))],
    o,
  );
  const { engine, listed } = await openOrdered(stored);
  const scan = async (range: Partial<KeyRange> | Partial<IndexRange>) => {
    const before = listed();
    const { rows, more } = await engine.scan("records", { ...page, limit: 10, ...range } as ScanRange, o);
    return { keys: rows.map(({ key }) => key), more, cost: listed() - before };
  };
  const cost = expect.toSatisfy((count: number) => count <= 13);
  expect(await scan({ lower: { key: "k0499", inclusive: false } })).toEqual({
    keys: keys.slice(500, 510),
    more: true,
    cost,
  });
  expect(await scan({ lower: { key: "k0994", inclusive: false } })).toEqual({
    keys: keys.slice(995),
    more: false,
    cost,
  });
  for (const n of [499, 500]) {
    const after = { tuple: Uint8Array.of(n >> 8, n & 0xff), key: keys[n] as string };
    expect(await scan({ by: "index", index: "n", after })).toEqual({
      keys: keys.slice(n + 1, n + 11),
      more: true,
      cost,
    });
  }
});

test("keys that are cut are in their order all the same", async () => {
  const stored: Stored = new Map();
  const start = "É".repeat(240);
  const keys = [
    start,
    ...Array.from({ length: 20 }, (_, i) => `${start}${String.fromCharCode(97 + i)}`),
    `${start.slice(1)}z`,
    "É",
  ];
  await (await openLift(bareAdapter(stored))).commit([keys.map((key) => put("kv", key, "1"))], o);
  const { engine } = await openOrdered(stored);
  for (const reverse of [false, true]) {
    const sorted = keys.toSorted((a, b) => compareKeys(a, b) * (reverse ? -1 : 1));
    const found: string[] = [];
    for (let more = true; more; ) {
      const last = found.at(-1);
      const bound = last === undefined ? undefined : { key: last, inclusive: false };
      const next = await engine.scan("kv", { ...page, reverse, [reverse ? "upper" : "lower"]: bound, limit: 3 }, o);
      found.push(...next.rows.map(({ key }) => key));
      more = next.more;
    }
    expect(found).toEqual(sorted);
  }
});

test("what a commit writes in several steps is scanned once", async () => {
  const engine = await openLift(richAdapter(new Map(), 2));
  const lists = [
    [put("kv", "a", "1"), put("kv", "b", "1")],
    [put("kv", "a", "2"), put("kv", "c", "1")],
  ];
  const [[, b], [a, c]] = lists as [[PutOp, PutOp], [PutOp, PutOp]];
  const range = { ...page, limit: 10 };
  const check = { op: "checkRange", space: "kv", range, hash: hashRows([a, b, c]) } as const;
  expect(await engine.commit([...lists, [check]], o)).toMatchObject(Array(3).fill({ outcome: "applied" }));
});

test("a listing is asked for the prefix that the range has in common", async () => {
  const prefixes: string[] = [];
  const bare = bareAdapter();
  const engine = await openLift({
    ...bare,
    list(prefix) {
      prefixes.push(prefix);
      return bare.list(prefix);
    },
  });
  prefixes.length = 0;
  const lower = { key: "users/a/5", inclusive: false };
  const upper = { key: prefixEnd("users/a/") as string, inclusive: false };
  await engine.scan("kv", { ...page, lower, upper, limit: 10 }, o);
  await engine.scan(
    "records",
    { ...page, by: "index", index: "age", lower: Uint8Array.of(1, 0xff), upper: Uint8Array.of(2), limit: 10 },
    o,
  );
  expect(prefixes).toEqual(["_test/-/kv/_users.fa.f", "_test/-/index/_age/_01"]);
});

test("the common prefix of a range begins all that is in it, and is as long as can be", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\ud7ff", "\ue000", "😀", "\u{10ffff}"), maxLength: 4 });
  fc.assert(
    fc.property(text, text, text, (lower, upper, key) => {
      const prefix = commonPrefix(lower, upper);
      expect(lower.startsWith(prefix)).toBe(true);
      if (compareKeys(lower, key) <= 0 && compareKeys(key, upper) < 0) expect(key.startsWith(prefix)).toBe(true);
      const end = prefixEnd(lower);
      if (end !== undefined && !lower.endsWith("\u{10ffff}")) expect(commonPrefix(lower, end)).toBe(lower);
    }),
    { numRuns: 2000 },
  );
});

test("only the smallest are kept", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 5 }), fc.boolean(), (orders, count, reverse) => {
      const smallest = createSmallest<string>(count, reverse);
      for (const order of orders) if (smallest.accepts(order)) smallest.add(order, order);
      const sorted = [...orders].sort((a, b) => (a < b ? -1 : 1));
      if (reverse) sorted.reverse();
      expect(smallest.items()).toEqual(sorted.slice(0, count));
    }),
  );
});

describe("unique tuples within a list", () => {
  const row = (key: string, byte: number) => ({
    ...put("records", key, "1"),
    index: [{ index: "email", tuple: Uint8Array.of(byte), unique: true }],
  });
  const holders = async (engine: Awaited<ReturnType<typeof openLift>>) => {
    const { rows, tuples = [] } = await engine.scan("records", { ...page, by: "index", index: "email", limit: 10 }, o);
    return rows.map(({ key }, i) => `${key}=${tuples[i]}`);
  };

  test("collide", async () => {
    const engine = await openLift(bareAdapter());
    const results = await engine.commit([[row("a", 1), row("b", 1)]], o);
    expect(results).toMatchObject([{ outcome: "conflict", index: "email" }]);
  });

  test("are free where their row gives them up, before or after", async () => {
    const engine = await openLift(bareAdapter());
    await engine.commit([[row("a", 1), row("b", 2)]], o);
    expect(await engine.commit([[row("a", 2), row("b", 1)]], o)).toMatchObject([{ outcome: "applied" }]);
    expect(await holders(engine)).toEqual(["b=1", "a=2"]);
    const remove = { op: "delete", space: "records", key: "b", version: "v" } as const;
    expect(await engine.commit([[row("c", 1), remove]], o)).toMatchObject([{ outcome: "applied" }]);
    expect(await holders(engine)).toEqual(["c=1", "a=2"]);
  });

  test("are free where their row has expired, and are not taken from who has them now", async () => {
    const engine = await openLift(bareAdapter());
    await engine.commit([[{ ...row("a", 1), expiresAt: 5 }]], o);
    expect(await engine.commit([[row("b", 1)]], at(4))).toMatchObject([{ outcome: "conflict", index: "email" }]);
    expect(await engine.commit([[row("b", 1)]], at(5))).toMatchObject([{ outcome: "applied" }]);
    await engine.commit([[{ op: "delete", space: "records", key: "a", version: "v" }]], at(6));
    expect(await holders(engine)).toEqual(["b=1"]);
    expect(await engine.commit([[row("c", 1)]], at(6))).toMatchObject([{ outcome: "conflict", index: "email" }]);
  });
});
