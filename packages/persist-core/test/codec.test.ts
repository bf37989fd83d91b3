import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode } from "../src/codec.ts";
import { PersistError } from "../src/errors.ts";

const code = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (PersistError.is(error)) return error.code;
    throw error;
  }
  return "no error";
};

describe("encode and decode", () => {
  const leaf = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
  );
  const key = fc.oneof(
    fc.string(),
    fc.constantFrom("$n", "$i", "$d", "$b", "$m", "$s", "$$n", "$", "__proto__", "constructor", "toJSON"),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      leaf,
      fc.array(tie("value")),
      fc.array(fc.tuple(key, tie("value"))).map((entries) => {
        const object = {};
        for (const [name, item] of entries) {
          Object.defineProperty(object, name, { value: item, enumerable: true, configurable: true, writable: true });
        }
        return object;
      }),
      fc.array(fc.tuple(tie("value"), tie("value"))).map((entries) => new Map(entries)),
      fc.array(tie("value")).map((items) => new Set(items)),
    ),
  }));

  it("gives back every value exactly", () => {
    fc.assert(
      fc.property(value, (original) => {
        // (vitest's own comparison fails for Sets inside of keys of Maps.)
        expect(isDeepStrictEqual(decode(encode(original)), original)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps the order of keys, and -0", () => {
    const copy = decode(encode({ z: 1, a: -0, m: 2 })) as { a: number };
    expect(Object.keys(copy)).toEqual(["z", "a", "m"]);
    expect(Object.is(copy.a, -0)).toBe(true);
  });

  it("stores plain JSON as it is", () => {
    const plain = { name: "Ada", tags: ["a", "b"], nested: { n: 1.5, no: null, yes: true }, $a: 1, b: 2 };
    expect(encode(plain)).toBe(JSON.stringify(plain));
  });

  it.each([
    [Number.NaN, '{"$n":"NaN"}'],
    [-0, '{"$n":"-0"}'],
    [Number.NEGATIVE_INFINITY, '{"$n":"-Infinity"}'],
    [9007199254740993n, '{"$i":"9007199254740993"}'],
    [new Date(0), '{"$d":"1970-01-01T00:00:00.000Z"}'],
    [new Uint8Array([104, 105]), '{"$b":"aGk="}'],
    [new Map([["a", 1n]]), '{"$m":[["a",{"$i":"1"}]]}'],
    [new Set(["a"]), '{"$s":["a"]}'],
    [{ $d: "mine" }, '{"$$d":"mine"}'],
    [{ $$d: "mine" }, '{"$$$d":"mine"}'],
    [{ $d: "mine", other: undefined }, '{"$$d":"mine"}'],
    [{ $d: "mine", other: 1 }, '{"$d":"mine","other":1}'],
    ["\ud800\u0000", '"\\ud800\\u0000"'],
  ])("writes %o in format 1", (original, text) => {
    expect(encode(original)).toBe(text);
  });

  it("takes a Buffer as the bytes that it is", () => {
    expect(decode(encode(Buffer.from("hi")))).toStrictEqual(new Uint8Array([104, 105]));
  });

  it("leaves out properties that are undefined, and only these", () => {
    expect(decode(encode({ a: undefined, b: { c: undefined } }))).toStrictEqual({ b: {} });
  });

  it("keeps an own __proto__ as data and touches no prototype", () => {
    const copy = decode(encode(JSON.parse('{"__proto__":{"polluted":-0}}'))) as object;
    expect(Object.hasOwn(copy, "__proto__")).toBe(true);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe("what cannot be stored", () => {
  class Point {
    x = 1;
  }
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const withSymbol = { [Symbol("s")]: 1 };
  const withExtra = Object.assign([1], { extra: 1 });

  it.each([
    [undefined, "At value: undefined is not a value"],
    [[1, undefined], "At value[1]:"],
    [new Array(2), "At value[0]:"],
    [{ a: { "b c": () => 1 } }, 'At value.a["b c"]: a function'],
    [Symbol("s"), "At value: a symbol"],
    [new Point(), "an instance of Point"],
    [{ when: new Date(Number.NaN) }, "At value.when: an invalid Date"],
    [new Map([["k", Promise.resolve()]]), "an instance of Promise"],
    [/x/, "an instance of RegExp"],
    [new Float64Array(1), "an instance of Float64Array"],
    [cycle, "At value.self: the value contains itself"],
    [withSymbol, "a property named by a symbol"],
    [withExtra, "an array with properties of its own"],
  ])("refuses %o and says where", (value, message) => {
    expect(code(() => encode(value))).toBe("INVALID_VALUE");
    expect(() => encode(value)).toThrow(message);
  });

  it("takes 100 levels and refuses 101", () => {
    const nest = (levels: number) => {
      let value: unknown = 1;
      for (let i = 0; i < levels; i++) value = [value];
      return value;
    };
    expect(decode(encode(nest(100)))).toStrictEqual(nest(100));
    expect(code(() => encode(nest(101)))).toBe("INVALID_VALUE");
  });

  it("takes 1 MiB of text and refuses one byte more, counted in UTF-8", () => {
    expect(code(() => encode("x".repeat(1024 * 1024 - 2)))).toBe("no error");
    expect(code(() => encode("x".repeat(1024 * 1024 - 1)))).toBe("TOO_LARGE");
    expect(code(() => encode("€".repeat(349525)))).toBe("TOO_LARGE");
  });

  it("refuses a small value that unfolds without end, and does so soon", () => {
    let value: unknown = [1];
    for (let i = 0; i < 60; i++) value = [value, value];
    expect(code(() => encode(value))).toBe("TOO_LARGE");
  });
});

describe("decode", () => {
  it.each([
    "",
    "{",
    '{"$x":1}',
    '{"$n":1}',
    '{"$m":"x"}',
    '{"$m":[1]}',
    '{"$n":"1"}',
    '{"$d":"x"}',
    '{"$i":"x"}',
    '{"$b":"%"}',
  ])("refuses %s as corrupt", (text) => {
    expect(code(() => decode(text))).toBe("CORRUPT");
  });
});
