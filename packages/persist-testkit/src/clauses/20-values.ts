/** What is read is what was written: every value that JavaScript can hold as data, exactly, and as a copy of one's own. */
import type { NewEvent } from "@cuitty/persist-core";
import { equal, holds, identical, present, refused } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import type { Context } from "../context.ts";
import { places, writers } from "../value-places.ts";

type Row = readonly [slug: string, value: unknown, what: string];

const values: readonly Row[] = [
  ["null", null, "null"],
  ["true", true, "true"],
  ["false", false, "false"],
  ["zero", 0, "0"],
  ["negative-zero", -0, "-0"],
  ["nan", Number.NaN, "NaN"],
  ["infinity", Number.POSITIVE_INFINITY, "Infinity"],
  ["negative-infinity", Number.NEGATIVE_INFINITY, "-Infinity"],
  ["fraction", 0.1 + 0.2, "a fraction that has no short form"],
  ["smallest", 5e-324, "the smallest double"],
  ["largest", Number.MAX_VALUE, "the largest double"],
  ["negative-largest", -Number.MAX_VALUE, "the most negative double"],
  ["safe-integer", Number.MAX_SAFE_INTEGER, "the largest safe integer"],
  ["unsafe-integer", 2 ** 53 + 2, "an integer that is no longer safe"],
  ["huge-integer", 1e300, "an integer of 301 digits"],
  ["bigint", 9007199254740993n, "a bigint that is no double"],
  ["bigint-negative", -(2n ** 64n), "a negative bigint of 65 bits"],
  ["bigint-huge", 2n ** 1000n, "a bigint of 1001 bits"],
  ["bigint-zero", 0n, "the bigint 0"],
  ["empty-text", "", "an empty text"],
  ["nul-text", "a\0b\u0000", "a text with NUL"],
  ["surrogate", "a\ud800", "a text with half a surrogate pair"],
  ["surrogates-swapped", "\udc00\ud800", "a text with a surrogate pair the wrong way round"],
  ["astral", "😀\u{10ffff}", "code points above U+FFFF"],
  ["controls", "\u0001\b\f\n\r\t\u007f\u2028\u2029\ufeff", "control characters"],
  ["quotes", `"'\`\\`, "quotes and backslashes"],
  ["normal-forms", "é e\u0301", "a composed and a decomposed letter"],
  ["spaces", "  a  \n", "white space at both ends"],
  ["text-42", "42", "the text 42"],
  ["text-true", "true", "the text true"],
  ["text-null", "null", "the text null"],
  ["text-json", '{"a":1}', "a text that is JSON"],
  ["text-date", "2026-01-31T12:00:00.000Z", "a text that is a date"],
  ["text-tagged", '{"$n":"NaN"}', "a text that looks like an encoded value"],
  ["date", new Date("2026-01-31T12:00:00.123Z"), "a Date"],
  ["date-first", new Date(-8.64e15), "the first Date there is"],
  ["date-last", new Date(8.64e15), "the last Date there is"],
  ["bytes", Uint8Array.from({ length: 256 }, (_, i) => i), "a Uint8Array of all bytes"],
  ["bytes-empty", new Uint8Array(0), "an empty Uint8Array"],
  ["bytes-view", new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4), "a part of a larger buffer"],
  ["array", [1, "two", [3, [4, []]], null], "nested arrays"],
  ["array-empty", [], "an empty array"],
  ["object", { a: 1, b: { c: { d: [{}] } } }, "nested objects"],
  ["object-empty", {}, "an empty object"],
  ["key-order", { z: 1, a: 2, m: { y: 1, b: 2 }, "": 3 }, "properties out of alphabetical order"],
  ["key-lengths", { aaa: 1, b: 2, aa: 3 }, "properties of several lengths"],
  ["odd-names", { "a.b": 1, "$.x": 2, "[0]": 3, "a b": 4, "\0": 5, "\ud800": 6, é: 7 }, "odd names of properties"],
  ["proto", JSON.parse('{"__proto__":{"a":1},"b":2}'), "a property named __proto__"],
  ["only-proto", JSON.parse('{"__proto__":[1]}'), "only a property named __proto__"],
  ["inherited-names", { constructor: 1, toString: 2, hasOwnProperty: 3 }, "names that objects inherit"],
  ["to-json", { toJSON: "text", valueOf: 1 }, "a property named toJSON"],
  [
    "map",
    new Map<unknown, unknown>([
      ["a", 1],
      [2, [3]],
      [null, new Map()],
    ]),
    "a Map with keys of all kinds",
  ],
  ["map-empty", new Map(), "an empty Map"],
  ["map-object-key", new Map([[{ a: 1 }, new Date(0)]]), "a Map with an object for a key"],
  ["set", new Set([1, "a", null, Number.NaN, [2]]), "a Set"],
  ["set-empty", new Set(), "an empty Set"],
  ["mixed", [{ d: new Date(0), m: new Map([["s", new Set([1n])]]), n: -0 }, new Uint8Array([0])], "all of it, nested"],
  ["dollar", { $n: "NaN" }, "an object that looks like an encoded NaN"],
  [
    "dollar-all",
    [{ $i: "1" }, { $d: "x" }, { $b: "AA==" }, { $m: [] }, { $s: [] }, { $x: 1 }, { $: 1 }],
    "objects that look encoded",
  ],
  ["dollar-twice", { $$n: "NaN" }, "an object that looks like an escaped one"],
  ["dollar-more", { $n: "NaN", $d: 1 }, "an object with several properties that start with $"],
  ["dollar-text", { $text: '{"a":1}' }, "an object that looks like text in a box"],
  ["dollar-value", { $n: -0 }, "an encoded value inside what looks like one"],
  [
    "envelope",
    { key: "k", value: 1, version: "v", createdAt: 0, deleted: true, seq: 1 },
    "what looks like a stored row",
  ],
];

const badValues: readonly (readonly [slug: string, value: unknown, path: string, what: string])[] = [
  ["undefined", undefined, "value", "undefined"],
  ["undefined-item", [1, undefined], "value[1]", "undefined in an array"],
  ["hole", holed(), "value[1]", "a hole in an array"],
  ["function", { f: () => 1 }, "value.f", "a function"],
  ["symbol", { s: Symbol("s") }, "value.s", "a symbol"],
  ["symbol-name", { [Symbol("s")]: 1 }, "value", "a property named by a symbol"],
  ["instance", { a: [new (class Point {})()] }, "value.a[0]", "an instance of a class"],
  ["error", { e: new Error("x") }, "value.e", "an Error"],
  ["regexp", [/x/], "value[0]", "a RegExp"],
  ["promise", { p: Promise.resolve() }, "value.p", "a Promise"],
  ["weak-map", new WeakMap(), "value", "a WeakMap"],
  ["invalid-date", { d: new Date(Number.NaN) }, "value.d", "an invalid Date"],
  ["url", { u: new URL("http://a/") }, "value.u", "a URL"],
  ["boxed", { n: Object(1) }, "value.n", "a boxed number"],
  ["float-array", { f: new Float64Array(1) }, "value.f", "a typed array of another kind"],
  ["array-property", Object.assign([1], { extra: 1 }), "value", "an array with a property of its own"],
  ["cycle", cycle(), "value.self", "an object that contains itself"],
  ["map-cycle", mapCycle(), "value", "a Map that contains itself"],
  ["bad-map-item", new Map([["k", undefined]]), "value", "undefined in a Map"],
  ["odd-path", { "a b": { "": [undefined] } }, 'value["a b"][""][0]', "what has a path that needs quotes"],
];

function holed(): unknown {
  const array = [1];
  array[2] = 3;
  return array;
}

function cycle(): unknown {
  const object: Record<string, unknown> = {};
  object.self = object;
  return object;
}

function mapCycle(): unknown {
  const map = new Map<string, unknown>();
  map.set("self", map);
  return map;
}

/** The value in every place, and again as part of what listings and other readers give. */
async function roundTrip(t: Context, value: unknown): Promise<void> {
  const store = await t.store();
  for (const { name, write, read } of places) {
    await write(store, value);
    identical(await read(store), value, `${name}, read again`);
    await write(store, { inside: [value] });
    identical(await read(store), { inside: [value] }, `${name}, inside of another value`);
    await write(store, value);
  }
  identical((await store.kv.list().toArray())[0]?.value, value, "kv.list");
  identical((await store.kv.getEntry("k"))?.value, value, "kv.getEntry");
  identical((await store.kv.getMany(["k"])).get("k"), value, "kv.getMany");
  identical((await store.records.list().toArray())[0]?.value, value, "records.list");
  identical((await store.records.getMany(["k"])).get("k")?.value, value, "records.getMany");
  identical((await store.records.put("k", value)).value, value, "the answer of records.put");
}

export const storedValues: Chapter = {
  section: "20",
  title: "Values",
  clauses: [
    ...values.map(([slug, value, what]) =>
      clause(`K-value-${slug}`, ["What is written comes back exactly, in every facade", what], (t) =>
        roundTrip(t, value),
      ),
    ),

    ...badValues.map(
      ([slug, value, path, what]): Clause =>
        clause(
          `K-value-refused-${slug}`,
          ["Every writer refuses what is no value, before any I/O and with its path", what],
          async (t) => {
            const { store, calls } = await t.watched();
            for (const [name, write] of writers) {
              const error = await refused(() => write(store, value), "INVALID_VALUE", name);
              holds(error.message.includes(path), `the message of ${name} has the path ${path}: ${error.message}`);
            }
            equal(calls, [], "what the backend was asked before the refusals");
          },
        ),
    ),

    clause(
      "K-value-refused-update",
      "What an update's function returns is checked, and nothing is written",
      async (t) => {
        const store = await t.store();
        await store.kv.set("k", 1);
        await store.records.put("k", 1);
        await refused(() => store.kv.update("k", () => [undefined]), "INVALID_VALUE", "kv.update");
        await refused(() => store.records.update("k", () => undefined), "INVALID_VALUE", "records.update");
        await refused(() => store.records.update("k", () => [() => 1]), "INVALID_VALUE", "records.update");
        equal(await store.kv.get("k"), 1, "kv.get");
        equal((await store.records.get("k"))?.value, 1, "records.get");
      },
    ),

    clause(
      "K-value-bytes-subclass",
      "A subclass of Uint8Array, as Node's Buffer is, comes back as a Uint8Array of the same bytes",
      async (t) => {
        class Bytes extends Uint8Array<ArrayBuffer> {}
        const store = await t.store();
        for (const { name, write, read } of places) {
          await write(store, Bytes.of(1, 2, 255));
          const found = await read(store);
          identical(found, Uint8Array.of(1, 2, 255), name);
          holds(Object.getPrototypeOf(found) === Uint8Array.prototype, `${name} gives a plain Uint8Array`);
        }
      },
    ),

    clause("K-value-undefined-property", "A property that is undefined is left out", async (t) => {
      const store = await t.store();
      for (const { name, write, read } of places) {
        await write(store, { a: undefined, b: { c: undefined, d: 1 } });
        identical(await read(store), { b: { d: 1 } }, name);
      }
    }),

    clause("K-value-null-prototype", "An object without a prototype is a plain object", async (t) => {
      const store = await t.store();
      for (const { name, write, read } of places) {
        await write(store, Object.assign(Object.create(null), { a: 1 }));
        identical(await read(store), { a: 1 }, name);
      }
    }),

    clause("K-value-shared-part", "A value may hold the same object twice, and gets two of it", async (t) => {
      const store = await t.store();
      const part = { n: 1 };
      await store.kv.set("k", [part, part]);
      const value = present(await store.kv.get<[{ n: number }, { n: number }]>("k"), "the value");
      identical(value, [{ n: 1 }, { n: 1 }], "the value");
      value[0].n = 2;
      equal(value[1].n, 1, "the second after the first was changed");
    }),

    clause("K-value-no-to-json", "A method toJSON is a function like any other, and refused", async (t) => {
      const store = await t.store();
      await refused(() => store.kv.set("k", { toJSON: () => 1 }), "INVALID_VALUE", "kv.set");
    }),

    clause("K-value-null-is-there", "null is a value, and not the absence of one", async (t) => {
      const store = await t.store();
      await store.kv.set("k", null);
      equal(await store.kv.get("k"), null, "kv.get");
      equal(await store.kv.get("other"), undefined, "kv.get of another key");
      equal(await store.kv.has("k"), true, "kv.has");
      equal([...(await store.kv.getMany(["k", "other"]))], [["k", null]], "kv.getMany");
      equal(await store.kv.delete("k"), true, "kv.delete");
    }),

    clause("K-value-input-copied", "Changing a value after it was written changes nothing stored", async (t) => {
      const store = await t.store();
      for (const { name, write, read } of places) {
        const value = { list: [1], map: new Map([["a", 1]]), bytes: new Uint8Array([1]), date: new Date(0) };
        const writing = write(store, value);
        value.list.push(2); // before the write has been answered
        await writing;
        value.map.set("b", 2);
        value.bytes[0] = 9;
        value.date.setTime(5);
        const expected = { list: [1], map: new Map([["a", 1]]), bytes: new Uint8Array([1]), date: new Date(0) };
        identical(await read(store), expected, name);
      }
    }),

    clause(
      "K-value-output-copied",
      "Changing a value that was read changes nothing stored, nor what others read",
      async (t) => {
        const store = await t.store();
        for (const { name, write, read } of places) {
          await write(store, { list: [1], bytes: new Uint8Array([1]) });
          const first = (await read(store)) as { list: number[]; bytes: Uint8Array };
          const second = (await read(store)) as { list: number[]; bytes: Uint8Array };
          first.list.push(2);
          first.bytes[0] = 9;
          identical(second, { list: [1], bytes: new Uint8Array([1]) }, `${name}, read before`);
          identical(await read(store), { list: [1], bytes: new Uint8Array([1]) }, `${name}, read after`);
        }
        const put = await store.records.put("k", [1]);
        (put.value as number[]).push(2);
        identical((await store.records.get("k"))?.value, [1], "after the answer of records.put was changed");
        const [listed] = await store.kv.list<{ list: number[] }>().toArray();
        present(listed, "the entry").value.list.push(2);
        identical((await store.kv.get<{ list: number[] }>("k"))?.list, [1], "after an entry of kv.list was changed");
      },
    ),

    clause("K-value-concurrent-copies", "Reads that run at once get a copy each", async (t) => {
      const store = await t.store();
      await store.kv.set("k", [1]);
      const [a, b] = await Promise.all([store.kv.get<number[]>("k"), store.kv.get<number[]>("k")]);
      present(a, "the first").push(2);
      equal(b, [1], "the second");
    }),

    clause("K-value-event-metadata", "Metadata of events is kept as exactly as data", async (t) => {
      const store = await t.store();
      const metadata = Object.fromEntries(values.map(([slug, value]) => [slug, value]));
      await store.events.append("s", { type: "t", data: 1, metadata } satisfies NewEvent);
      identical((await store.events.read("s").toArray())[0]?.metadata, metadata, "the metadata");
    }),
  ],
};
