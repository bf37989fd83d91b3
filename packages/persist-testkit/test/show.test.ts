import { PersistError } from "@cuitty/persist-core";
import { expect, it } from "vitest";
import { show } from "../src/show.ts";

it("shows different values differently", () => {
  const values = [
    0,
    -0,
    "0",
    0n,
    null,
    undefined,
    "null",
    [],
    {},
    [[]],
    new Map(),
    new Set(),
    Number.NaN,
    "é",
    "e\u0301",
  ];
  expect(new Set(values.map((value) => show(value))).size).toBe(values.length);
});

it("shows values as one would write them", () => {
  expect(show({ a: [-0, 5n, "x"], "b c": new Map([[1, new Set([null])]]) })).toBe(
    '{a: [-0, 5n, "x"], "b c": Map{1 => Set{null}}}',
  );
  expect(show(new Date(0))).toBe("Date(1970-01-01T00:00:00.000Z)");
  expect(show(Uint8Array.of(0, 255))).toBe("Uint8Array(2)[00 ff]");
  expect(show(new PersistError("CONFLICT", "no"))).toBe("PersistError CONFLICT: no");
});

it("escapes what cannot be seen", () => {
  expect(show("e\u0301\n\0")).toBe('"e\\u0301\\n\\u0000"');
});

it("stays short", () => {
  expect(show("x".repeat(1000)).length).toBeLessThan(150);
  expect(show(Array.from({ length: 1000 }, (_, i) => i))).toContain("(1000 in all)");
  expect(show({ a: { b: { c: { d: { e: 1 } } } } })).toBe("{a: {b: {c: {d: …}}}}");
});
