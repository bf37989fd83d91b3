import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PersistError } from "../src/errors.ts";
import { checkKey, checkName, compareKeys, prefixEnd, utf8Length } from "../src/keys.ts";

const wellFormed = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed());

describe("keys", () => {
  it.each([
    ["", "must not be empty"],
    ["a\0b", "NUL"],
    ["\ud800", "lone surrogate"],
    ["x".repeat(513), "513 bytes"],
    ["é".repeat(257), "514 bytes"],
    [42, "must be a string, not a number"],
    [null, "not null"],
    [["a"], "not an array"],
  ])("refuse %o", (key, reason) => {
    expect(() => checkKey(key)).toThrow(PersistError);
    expect(() => checkKey(key)).toThrow(reason);
  });

  it.each(["a", " ", "é".repeat(256), "..", "/", "%00", "__proto__", "a\nb", "😀"])("take %o", (key) => {
    expect(() => checkKey(key)).not.toThrow();
  });

  it("are ordered by their UTF-8 bytes", () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 5000 },
    );
    const ordered = ["A", "B", "_", "a", "a b", "ab", "z", "~", "\u0080", "é", "ÿ", "\ue000", "\uff5e", "😀"];
    expect([...ordered].reverse().sort(compareKeys)).toEqual(ordered);
  });

  it("with a prefix all lie below its end, and nothing else does", () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, (prefix, key) => {
        const end = prefixEnd(prefix);
        const inside = compareKeys(key, prefix) >= 0 && (end === undefined || compareKeys(key, end) < 0);
        expect(inside).toBe(key.startsWith(prefix));
        expect(end === undefined || end.isWellFormed()).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(prefixEnd("a\u{10ffff}")).toBe("b");
    expect(prefixEnd("\u{10ffff}")).toBeUndefined();
    expect(prefixEnd("\ud7ff")).toBe("\ue000");
    expect(prefixEnd("")).toBeUndefined();
  });

  it("are measured in UTF-8", () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text));
      }),
    );
  });
});

describe("names", () => {
  it.each(["a", "my-app", "My.App_2", "x".repeat(64)])("take %o", (name) => {
    expect(() => checkName(name, "name")).not.toThrow();
  });
  it.each(["", "a/b", "a b", "é", "x".repeat(65), undefined, 1])("refuse %o", (name) => {
    expect(() => checkName(name, "name")).toThrow("name must be 1 to 64");
  });
});
