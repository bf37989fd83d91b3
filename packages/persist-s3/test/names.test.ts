import { compareKeys } from "@cuitty/persist-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cutName, headOf, isCut, readName, writeName } from "../src/names.ts";
import { readTuple, writeTuple } from "../src/tuples.ts";

const text = fc
  .string({ unit: "binary", minLength: 1, maxLength: 40 })
  .filter((one) => one.isWellFormed() && !one.includes("\0"));
const sign = (order: number) => Math.sign(order);

test("names keep the order of texts and their beginnings, and can be read", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(readName(writeName(a))).toBe(a);
      expect(sign(compareKeys(writeName(a), writeName(b)))).toBe(sign(compareKeys(a, b)));
      expect(writeName(a + b).startsWith(writeName(a))).toBe(true);
      expect(Array.from(writeName(a)).every((character) => character > " " && character !== "\x7f")).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test("what is cut has the length that there is room for, is told apart, and stands among those of its head", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 60, maxLength: 300 }), (a) => {
      fc.pre(a.isWellFormed() && !a.includes("\0"));
      const name = writeName(a);
      const cut = cutName(name, 120);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(120);
      expect(isCut(cut)).toBe(Buffer.byteLength(name) > 120);
      expect(headOf(cut, 120)).toBe(headOf(name, 120));
      if (isCut(cut)) expect(cutName(writeName(`${a}x`), 120)).not.toBe(cut);
    }),
    { numRuns: 2000 },
  );
});

test("tuples keep the order of their bytes, and can be read", () => {
  const bytes = fc.uint8Array({ maxLength: 20 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(readTuple(writeTuple(a))).toEqual(a);
      // With the space that always follows.
      const order = compareKeys(`${writeTuple(a)} `, `${writeTuple(b)} `);
      expect(sign(order)).toBe(sign(Buffer.compare(a, b)));
    }),
    { numRuns: 5000 },
  );
});
