import { expect, it } from "vitest";
import { isEqual } from "../src/equality.ts";

const different: readonly (readonly [unknown, unknown])[] = [
  [0, -0],
  [1, 1n],
  [null, undefined],
  ["é", "e\u0301"],
  [{}, []],
  [{}, null],
  [{ a: undefined }, {}],
  [{ a: 1 }, { b: 1 }],
  [[1], [1, 2]],
  [new Date(0), new Date(1)],
  [new Date(0), {}],
  [new Map([["a", 1]]), new Map([["a", 2]])],
  [new Map(), new Set()],
  [new Set([1]), new Set([2])],
  [new Uint8Array([1]), new Uint8Array([2])],
  [new Uint8Array([1]), [1]],
  [JSON.parse('{"__proto__":1}'), {}],
  [{ [Symbol.for("s")]: 1 }, {}],
  [new (class A {})(), new (class B {})()],
];

const same: readonly (readonly [unknown, unknown])[] = [
  [Number.NaN, Number.NaN],
  [-0, -0],
  [{ a: [1, { b: null }] }, { a: [1, { b: null }] }],
  [new Date(Number.NaN), new Date(Number.NaN)],
  [new Map([["a", new Set([1n])]]), new Map([["a", new Set([1n])]])],
  [Uint8Array.of(1, 2), Uint8Array.of(0, 1, 2).subarray(1)],
  [JSON.parse('{"__proto__":[1]}'), JSON.parse('{"__proto__":[1]}')],
  [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
];

it("tells apart what users can tell apart", () => {
  for (const [a, b] of different) expect([a, b, isEqual(a, b), isEqual(b, a)]).toEqual([a, b, false, false]);
});

it("knows the same by its content", () => {
  for (const [a, b] of same) expect([a, isEqual(a, b), isEqual(a, b, true)]).toEqual([a, true, true]);
});

it("regards the order of properties where that is asked for", () => {
  expect(isEqual({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
  expect(isEqual({ a: 1, b: 2 }, { b: 2, a: 1 }, true)).toBe(false);
  expect(isEqual([{ a: 1, b: 2 }], [{ b: 2, a: 1 }], true)).toBe(false);
});
