import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareBytes } from "../../src/bytes-order.ts";
import { compareValues, equalTo } from "../../src/query/kinds.ts";
import { encodePrefix, encodeTuple, endOfOrder } from "../../src/query/tuples.ts";
import { text, value } from "./values.ts";

const missing = fc.constant(undefined);
const component = fc.oneof({ weight: 6, arbitrary: value }, missing);
const pair = fc.integer({ min: 1, max: 4 }).chain((length) => {
  const list = fc.array(component, { minLength: length, maxLength: length });
  return fc.oneof(
    fc.tuple(list, list),
    fc.tuple(list, component).map(([a, end]) => [a, [...a.slice(0, -1), end]] as const),
  );
});

function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  for (const [i, item] of a.entries()) {
    const order = compareValues(item, b[i]);
    if (order !== 0) return order;
  }
  return 0;
}

describe("tuples", () => {
  it("are in the order of their values, where none is shortened, and never in the opposite one within a component", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const x = encodeTuple(a);
        const y = encodeTuple(b);
        const order = Math.sign(compareBytes(x.tuple, y.tuple));
        if (!x.shortened && !y.shortened) expect(order).toBe(Math.sign(compareLists(a, b)));
        else {
          const upTo = (tuple: Uint8Array) => tuple.subarray(0, endOfOrder(tuple, 0));
          const beginnings = Math.sign(compareBytes(upTo(x.tuple), upTo(y.tuple)));
          if (beginnings !== 0) expect(Math.sign(compareLists(a, b))).toBe(beginnings);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("are equal exactly where all values are", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const areEqual = a.every((item, i) => equalTo(item)(b[i]));
        expect(compareBytes(encodeTuple(a).tuple, encodeTuple(b).tuple) === 0).toBe(areEqual);
      }),
      { numRuns: 5_000 },
    );
  });

  it("have at most 128 bytes a component, and tell where their order ends", () => {
    fc.assert(
      fc.property(fc.array(component, { minLength: 1, maxLength: 4 }), (values) => {
        const { tuple, shortened } = encodeTuple(values);
        expect(tuple.length).toBeLessThanOrEqual(128 * values.length);
        expect(shortened).toBe(values.some((item) => encodeTuple([item]).shortened));
        const exact = values.findIndex((item) => encodeTuple([item]).shortened);
        const before = encodeTuple(values.slice(0, Math.max(exact, 0))).tuple.length;
        const cut = exact < 0 ? undefined : before + encodeTuple([values[exact]]).tuple.length - 16;
        expect(endOfOrder(tuple, 0)).toBe(cut);
      }),
      { numRuns: 3_000 },
    );
  });

  it("of texts start with what a prefix of them is encoded as", () => {
    fc.assert(
      fc.property(text, text, fc.nat(), (a, b, length) => {
        for (const prefix of [a.slice(0, length % (a.length + 1)), b.slice(0, 2)]) {
          const begin = encodePrefix(prefix);
          const starts = compareBytes(encodeTuple([a]).tuple.subarray(0, begin.length), begin) === 0;
          if (a.startsWith(prefix)) expect(starts).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("the order of values", () => {
  it("is total, and lets equal values be equal", () => {
    fc.assert(
      fc.property(component, component, component, (a, b, c) => {
        expect(compareValues(a, b)).toBe(-compareValues(b, a) + 0);
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) expect(compareValues(a, c)).toBeLessThanOrEqual(0);
        expect(equalTo(a)(a)).toBe(true);
        if (equalTo(a)(b)) expect(compareValues(a, b) + 0).toBe(0);
      }),
      { numRuns: 3_000 },
    );
  });

  it("goes by kinds", () => {
    const ascending = [
      undefined,
      null,
      false,
      true,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      -(2n ** 2000n),
      -1,
      -0.5,
      0,
      1n,
      1.5,
      2n,
      2 ** 53,
      2n ** 53n + 1n,
      Number.MAX_VALUE,
      2n ** 1024n,
      Number.POSITIVE_INFINITY,
      "",
      "a",
      "a\0",
      "aa",
      "é",
      "\uffff",
      "😀",
      new Date(-1),
      new Date(0),
      new Uint8Array(),
      new Uint8Array([0]),
      new Uint8Array([1]),
      [],
    ];
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) expect(Math.sign(compareValues(a, b))).toBe(Math.sign(i - j));
    }
  });

  it.each([
    [0, -0, true],
    [1, 1n, true],
    [2 ** 53, 2n ** 53n + 1n, false],
    [Number.NaN, Number.NaN, true],
    [{ a: 1, b: [1n] }, { b: [1], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: null }, false],
    [new Set([1, "a"]), new Set(["a", 1]), true],
    [
      new Map<unknown, unknown>([
        [1, "x"],
        ["1", "y"],
      ]),
      new Map<unknown, unknown>([
        ["1", "y"],
        [1, "x"],
      ]),
      true,
    ],
    [new Set([1]), [1], false],
    [new Map([["a", 1]]), { a: 1 }, false],
    ["1", 1, false],
    [null, undefined, false],
    [new Date(5), 5, false],
    [[["a"], "b"], [["a", "b"]], false],
    [["a,b"], ["a", "b"], false],
  ])("says whether %o equals %o", (a, b, expected) => {
    expect(equalTo(a)(b)).toBe(expected);
    expect(equalTo([a])([b])).toBe(expected);
  });
});
