import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PersistError } from "../../src/errors.ts";
import { parseWhere } from "../../src/query/where.ts";

const parse = (where: unknown) => parseWhere("records.list", where);
const matches = (where: unknown, document: unknown) => parse(where).matches(document);

const cyclic: Record<string, unknown> = {};
cyclic.and = [cyclic];
const nested = (depth: number): object => (depth === 0 ? { a: 1 } : { not: nested(depth - 1) });

describe("where", () => {
  it.each([
    [undefined, "undefined"],
    [null, "takes an object"],
    [5, "takes an object"],
    [[], "takes an object"],
    [new Map(), "takes an object"],
    [{ a: undefined }, '"a" as undefined'],
    [{ a: { eq: undefined } }, 'eq at "a" as undefined'],
    [{ a: 1, and: undefined }, '"and" as undefined'],
    [{ a: { gtt: 5 } }, 'Did you mean "gt"?'],
    [{ a: { startswith: "x" } }, 'Did you mean "startsWith"?'],
    [{ a: { city: "Paris" } }, '"a.…"'],
    [{ a: {} }, "no operator"],
    [{ a: { in: "xyz" } }, "in takes an array"],
    [{ a: { in: [undefined] } }, "cannot be stored"],
    [{ a: { startsWith: 5 } }, "startsWith takes a string"],
    [{ a: { exists: 1 } }, "exists takes true or false"],
    [{ a: { gt: null } }, "gt compares with"],
    [{ a: { lte: [1] } }, "lte compares with"],
    [{ a: () => 1 }, "cannot be stored"],
    [{ a: new Date(Number.NaN) }, "cannot be stored"],
    [{ and: { a: 1 } }, "takes an array"],
    [{ or: [5] }, "takes an object"],
    [{ not: [] }, "takes an object"],
    [{ "a\\": 1 }, "lone backslash"],
    [cyclic, "contains itself"],
    [nested(33), "nested more than 32 deep"],
    [{ and: Array.from({ length: 1001 }, () => ({ a: 1 })) }, "more than 1000 tests"],
    [{ a: "x".repeat(2 ** 20) }, "too large"],
  ])("refuses %o", (where, reason) => {
    expect(() => parse(where)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(() => parse(where)).toThrow(reason);
  });

  it("takes what is within its bounds", () => {
    expect(matches(nested(32), { a: 1 })).toBe(true);
    expect(matches({ and: Array.from({ length: 1000 }, () => ({ a: 1 })) }, { a: 1 })).toBe(true);
  });

  it("throws nothing but INVALID_ARGUMENT, whatever it is given", () => {
    const names = fc.constantFrom(
      "and",
      "or",
      "not",
      "a",
      "a.b",
      "eq",
      "gt",
      "in",
      "notIn",
      "startsWith",
      "contains",
      "exists",
      "gtt",
      "__proto__",
    );
    const { junk } = fc.letrec((tie) => ({
      junk: fc.oneof(
        { depthSize: "medium" },
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withSparseArray: true,
          withNullPrototype: true,
        }),
        fc.array(tie("junk"), { maxLength: 3 }),
        fc.dictionary(names, tie("junk"), { maxKeys: 3 }),
      ),
    }));
    let taken = 0;
    fc.assert(
      fc.property(junk, fc.anything(), (where, document) => {
        try {
          expect(typeof matches(where, document)).toBe("boolean");
          taken++;
        } catch (error) {
          if (!PersistError.is(error, "INVALID_ARGUMENT")) throw error;
        }
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it("keeps what it was given, whatever becomes of that", () => {
    const list = [1];
    const parsed = parse({ a: { in: list } });
    list[0] = 2;
    expect(parsed.matches({ a: 1 })).toBe(true);
    expect(parsed.matches({ a: 2 })).toBe(false);
  });

  it("is the same however its fields are ordered, and another one for another value", () => {
    expect(parse({ a: 1, b: { gt: 1, lt: 2 } }).text()).toBe(parse({ b: { lt: 2, gt: 1 }, a: 1 }).text());
    expect(parse({ a: 1 }).text()).not.toBe(parse({ a: "1" }).text());
  });

  it("is what it was, whatever its caller changes later", () => {
    const names = ["a", { b: 1 }];
    const conditions = { tags: { in: names }, n: 1 };
    const parsed = parse(conditions);
    const text = parse({ tags: { in: ["a", { b: 1 }] }, n: 1 }).text();
    names.push("c");
    (names[1] as { b: number }).b = 2;
    conditions.n = 2;
    expect(parsed.text()).toBe(text);
    expect(parsed.matches({ tags: { b: 1 }, n: 1 })).toBe(true);
    expect(parsed.matches({ tags: "c", n: 1 })).toBe(false);
  });

  it("matches all by no condition at all, and none by none of none", () => {
    expect(matches({}, 5)).toBe(true);
    expect(matches({ and: [] }, 5)).toBe(true);
    expect(matches({ or: [] }, 5)).toBe(false);
    expect(matches({ not: {} }, 5)).toBe(false);
  });
});
