import { expect, it } from "vitest";
import { isSamePath, parsePath, valueAt } from "../../src/query/paths.ts";

const document = {
  address: { city: "Paris", "zip.code": 75001 },
  tags: ["a", { deep: true }],
  "a\\b": 1,
  and: 2,
  "": { "": 3 },
  bytes: new Uint8Array([7]),
  map: new Map([["a", 1]]),
  text: "abc",
  nothing: null,
  ["__proto__"]: { own: true },
};

it.each([
  ["address.city", "Paris"],
  ["address.zip\\.code", 75001],
  ["address.zip.code", undefined],
  ["tags.0", "a"],
  ["tags.1.deep", true],
  ["tags.01", undefined],
  ["tags.-1", undefined],
  ["tags.length", undefined],
  ["a\\\\b", 1],
  ["\\and", 2],
  [".", 3],
  ["bytes.0", undefined],
  ["map.a", undefined],
  ["map.size", undefined],
  ["text.0", undefined],
  ["text.length", undefined],
  ["nothing", null],
  ["nothing.at", undefined],
  ["__proto__.own", true],
  ["toString", undefined],
  ["address.constructor", undefined],
  ["address.__proto__", undefined],
])("the path %o leads to %o", (path, expected) => {
  const at = (from: unknown) => valueAt(from, parsePath(path, "where"));
  const own = { ...document };
  Object.defineProperty(own, "__proto__", { value: { own: true }, enumerable: true });
  expect(at(own)).toBe(expected);
  for (const other of [null, 5, "text", true, 5n, new Date()]) expect(at(other)).toBeUndefined();
});

it.each([5, null, undefined, "a\\", "x".repeat(1001)])("refuses %o as a path", (path) => {
  expect(() => parsePath(path, "where")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

it("is the same however it is written", () => {
  expect(isSamePath(parsePath("a\\b.c", ""), parsePath("ab.c", ""))).toBe(true);
  expect(isSamePath(parsePath("a\\.b", ""), parsePath("a.b", ""))).toBe(false);
});
