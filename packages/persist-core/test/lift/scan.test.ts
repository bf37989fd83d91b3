import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareKeys, prefixEnd } from "../../src/keys.ts";
import { commonPrefix } from "../../src/lift/scan.ts";
import { createSmallest } from "../../src/lift/smallest.ts";
import { bareAdapter, richAdapter, type Stored } from "./adapters.ts";
import { at, openLift, put } from "./open.ts";

const o = at(1);
const page = { by: "key", reverse: false, keysOnly: false } as const;

test("an ordered listing is asked for no more than the page", async () => {
  const stored: Stored = new Map();
  const engine = await openLift(bareAdapter(stored));
  const keys = Array.from({ length: 1000 }, (_, i) => `k${String(i).padStart(4, "0")}`);
  await engine.commit([keys.map((key) => put("kv", key, "1"))], o);
  let listed = 0;
  const rich = richAdapter(stored);
  const ordered = await openLift({
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
  const scan = async (lower: string) => {
    const { rows, more } = await ordered.scan("kv", { ...page, lower: { key: lower, inclusive: false }, limit: 10 }, o);
    return [rows.map(({ key }) => key), more];
  };
  expect(await scan("k0499")).toEqual([keys.slice(500, 510), true]);
  expect(listed).toBeLessThanOrEqual(13);
  expect(await scan("k0994")).toEqual([keys.slice(995), false]);
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
