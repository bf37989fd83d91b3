/** Queries: which documents match, in which order, and what that may cost. */
import type { Query, RecordOps, Records } from "@cuitty/persist-core";
import { equal, fail, holds, refused } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import { refusedBeforeIo } from "../untouched.ts";

type Asked = Query<unknown>;

/** One document for each kind of value, and then some. Its key is its name. */
const documents: Readonly<Record<string, unknown>> = {
  array: { v: ["a", 1, { deep: null }] },
  bytes: { v: new Uint8Array([1, 2]) },
  date: { v: new Date(5) },
  empty: { v: "" },
  false: { v: false },
  infinity: { v: Number.POSITIVE_INFINITY },
  map: { v: new Map([["a", 1]]) },
  missing: {},
  nan: { v: Number.NaN },
  null: { v: null },
  number: { v: 5 },
  object: { v: { a: 1, b: [2] } },
  old: { v: new Date(-5) },
  scalar: "v",
  string: { v: "abc" },
  true: { v: true },
  vast: { v: 2n ** 60n + 1n },
  zero: { v: -0 },
};

const names = Object.keys(documents);
const others = (...without: readonly string[]) => names.filter((name) => !without.includes(name));

const filled = async <R extends RecordOps>(records: R): Promise<R> => {
  await records.putMany(Object.entries(documents));
  return records;
};

const keysOf = async (records: RecordOps, query: Asked) => (await records.list(query).toArray()).map(({ key }) => key);

/** Those that match are these, in the order of their keys. */
const matching = (
  slug: string,
  title: string,
  cases: readonly (readonly [test: unknown, expected: readonly string[]])[],
): Clause =>
  clause(`K-queries-${slug}`, title, async (t) => {
    const { records } = await t.store();
    await filled(records);
    for (const [test, expected] of cases) {
      equal(await keysOf(records, { where: { v: test } }), expected, "the keys that match");
      equal(await records.count({ where: { v: test } }), expected.length, "how many are counted");
    }
  });

export const queries: Chapter = {
  section: "32",
  title: "Queries",
  clauses: [
    matching(
      "eq",
      "A value, or eq, asks for equality: of numbers by what they amount to, of everything else by content",
      [
        [5, ["number"]],
        [{ eq: 5n }, ["number"]],
        [0, ["zero"]],
        [Number.NaN, ["nan"]],
        [2n ** 60n + 1n, ["vast"]],
        [2 ** 60, []],
        ["abc", ["string"]],
        ["5", []],
        [new Date(5), ["date"]],
        [new Uint8Array([1, 2]), ["bytes"]],
        [["a", 1, { deep: null }], ["array"]],
        [{ eq: { b: [2], a: 1 } }, ["object"]],
        [new Map([["a", 1]]), ["map"]],
        [true, ["true"]],
      ],
    ),
    matching("null", "null is something: it equals null only, and what is missing does not", [
      [null, ["null"]],
      [{ exists: false }, ["missing", "scalar"]],
      [{ exists: true, ne: null }, others("missing", "null", "scalar")],
    ]),
    matching("ne", "ne and notIn hold wherever eq and in do not, also for what is missing", [
      [{ ne: 5 }, others("number")],
      [{ ne: null }, others("null")],
      [{ notIn: [5, "abc", null] }, others("null", "number", "string")],
      [{ notIn: [] }, names],
    ]),
    matching("in", "in holds for any of the values", [
      [{ in: [5, "abc", 7] }, ["number", "string"]],
      [{ in: [["a", 1, { deep: null }], null] }, ["array", "null"]],
      [{ in: [] }, []],
    ]),
    matching("compare", "gt, gte, lt and lte hold within one kind only", [
      [{ gt: 4 }, ["infinity", "number", "vast"]],
      [{ gt: 5 }, ["infinity", "vast"]],
      [{ gte: 5, lt: Number.POSITIVE_INFINITY }, ["number", "vast"]],
      [{ gt: 2 ** 60 }, ["infinity", "vast"]],
      [{ lt: 5 }, ["nan", "zero"]],
      [{ lte: 0 }, ["nan", "zero"]],
      [{ gte: "" }, ["empty", "string"]],
      [{ gt: "abb" }, ["string"]],
      [{ lt: new Date(5) }, ["old"]],
      [{ gte: new Date(5) }, ["date"]],
      [{ gt: false }, ["true"]],
      [{ lte: new Uint8Array([1, 2]) }, ["bytes"]],
    ]),
    matching(
      "text",
      "startsWith asks for the beginning of a string, contains for a part of it or an item of an array",
      [
        [{ startsWith: "ab" }, ["string"]],
        [{ startsWith: "" }, ["empty", "string"]],
        [{ startsWith: "b" }, []],
        [{ contains: "b" }, ["string"]],
        [{ contains: "a" }, ["array", "string"]],
        [{ contains: 1n }, ["array"]],
        [{ contains: { deep: null } }, ["array"]],
      ],
    ),

    clause("K-queries-combine", "All conditions hold together; and, or and not combine them", async (t) => {
      const { records } = await t.store();
      await records.putMany([
        ["a", { x: 1, y: 1 }],
        ["b", { x: 1, y: 2 }],
        ["c", { x: 2, y: 2 }],
        ["d", { y: 3 }],
      ]);
      const found = (where: Record<string, unknown>) => keysOf(records, { where });
      equal(await found({ x: 1, y: 2 }), ["b"], "two fields");
      equal(await found({ y: { gt: 1, lt: 3 } }), ["b", "c"], "two operators");
      equal(await found({ and: [{ x: 1 }, { y: 2 }] }), ["b"], "and");
      equal(await found({ or: [{ x: 2 }, { y: 1 }] }), ["a", "c"], "or");
      equal(await found({ not: { x: 1 } }), ["c", "d"], "not");
      equal(await found({ y: 2, not: { or: [{ x: 2 }, { x: 3 }] } }), ["b"], "all of them");
      equal(await found({}), ["a", "b", "c", "d"], "no condition");
      equal(await found({ or: [] }), [], "none of none");
    }),

    clause(
      "K-queries-paths",
      "Paths lead into objects and arrays by own properties, and a dot of a name is escaped",
      async (t) => {
        const { records } = await t.store();
        const own = Object.defineProperty({}, "__proto__", { value: 1, enumerable: true });
        await records.putMany([
          ["array", { list: ["a", { b: 1 }] }],
          ["dot", { "a.b": 1 }],
          ["named", { and: 1 }],
          ["nested", { a: { b: 1 } }],
          ["proto", own],
        ]);
        const found = (path: string, test: unknown = 1) => keysOf(records, { where: { [path]: test } });
        equal(await found("a.b"), ["nested"], "a field of a field");
        equal(await found("a\\.b"), ["dot"], "a name with a dot");
        equal(await found("list.0", "a"), ["array"], "an item");
        equal(await found("list.1.b"), ["array"], "a field of an item");
        equal(await found("list.length", { exists: true }), [], "the length of an array");
        equal(await found("\\and"), ["named"], "a field named as an operator");
        equal(await keysOf(records, { where: { not: { ["__proto__"]: { exists: false } } } }), ["proto"], "__proto__");
        equal(await found("constructor", { exists: true }), [], "what is inherited");
      },
    ),

    clause("K-queries-order-kinds", "orderBy goes by kinds, and within a kind by value", async (t) => {
      const records = await filled((await t.store()).records);
      const ascending = [
        ["missing", "scalar"],
        ["null"],
        ["false"],
        ["true"],
        ["nan"],
        ["zero"],
        ["number"],
        ["vast"],
        ["infinity"],
        ["empty"],
        ["string"],
        ["old"],
        ["date"],
        ["bytes"],
        ["array", "map", "object"],
      ];
      equal(await keysOf(records, { orderBy: [["v", "asc"]] }), ascending.flat(), "ascending");
      equal(
        await keysOf(records, { orderBy: [["v", "desc"]] }),
        ascending.reverse().flat(),
        "descending, equal ones by key",
      );
    }),

    clause(
      "K-queries-order",
      "Ties are broken by the next path, at last by key; reverse turns all of it round",
      async (t) => {
        const { records } = await t.store();
        await records.putMany([
          ["k1", { a: 1, b: "x" }],
          ["k2", { a: 2, b: "x" }],
          ["k3", { a: 1, b: "y" }],
          ["k4", { a: 1, b: "x" }],
        ]);
        const ordered = (orderBy: Asked["orderBy"], more: Asked = {}) =>
          keysOf(records, { ...more, ...(orderBy === undefined ? {} : { orderBy }) });
        equal(
          await ordered([
            ["b", "asc"],
            ["a", "asc"],
          ]),
          ["k1", "k4", "k2", "k3"],
          "both ascending",
        );
        equal(
          await ordered([
            ["b", "desc"],
            ["a", "asc"],
          ]),
          ["k3", "k1", "k4", "k2"],
          "one each way",
        );
        equal(await ordered([["b", "asc"]]), ["k1", "k2", "k4", "k3"], "ties by key");
        equal(await ordered([["b", "desc"]]), ["k3", "k1", "k2", "k4"], "ties by key, descending");
        equal(await ordered([["b", "asc"]], { reverse: true }), ["k3", "k4", "k2", "k1"], "reversed");
        equal(await ordered([["b", "asc"]], { limit: 2 }), ["k1", "k2"], "limited");
        equal(await ordered([["b", "asc"]], { start: "k2", end: "k4" }), ["k2", "k3"], "within a range");
        equal(await ordered(undefined, { where: { b: "x" }, reverse: true }), ["k4", "k2", "k1"], "by key, reversed");
      },
    ),

    clause(
      "K-queries-cursors",
      "Pages go on where the one before ended, in every order, each entry once",
      async (t) => {
        const { records } = await t.store();
        await records.putMany(
          Array.from({ length: 23 }, (_, i) => [`k${i}`, { a: i % 4, b: i % 2 === 0 ? i : `${i}` }] as const),
        );
        const asked: Asked[] = [
          { where: { a: { gte: 1 } } },
          { where: { a: { gte: 1 } }, reverse: true },
          { orderBy: [["a", "asc"]] },
          {
            orderBy: [
              ["a", "desc"],
              ["b", "asc"],
            ],
            where: { b: { exists: true } },
          },
          {
            orderBy: [
              ["none", "asc"],
              ["b", "desc"],
            ],
            reverse: true,
            batchSize: 2,
          },
        ];
        for (const query of asked) {
          const paged: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await records.list({ ...query, limit: 5, cursor }).page();
            paged.push(...page.items.map(({ key }) => key));
            cursor = page.cursor;
          } while (cursor !== undefined);
          equal(paged, await keysOf(records, query), "what the pages hold");
        }
      },
    ),

    clause(
      "K-queries-cursor-modified",
      "A page goes on from its place, also where the entry there is gone or has changed",
      async (t) => {
        const { records } = await t.store();
        await records.putMany(Array.from({ length: 6 }, (_, i) => [`k${i}`, { a: Math.floor(i / 3) }] as const));
        const query: Asked = { orderBy: [["a", "desc"]], limit: 2 };
        const { cursor } = await records.list(query).page();
        await records.delete("k4");
        await records.put("k3", { a: 9 });
        equal(
          (await records.list({ ...query, limit: 9, cursor }).page()).items.map(({ key }) => key),
          ["k5", "k0", "k1", "k2"],
          "what follows",
        );
      },
    ),

    clause("K-queries-cursor-belongs", "The cursor of another query is refused before any I/O", async (t) => {
      const watched = await t.watched();
      const { records } = watched.store;
      await records.putMany(Array.from({ length: 4 }, (_, i) => [`k${i}`, { a: i, b: i }] as const));
      const query: Asked = { where: { a: { gte: 0 } }, orderBy: [["a", "asc"]], limit: 1 };
      const { cursor } = await records.list(query).page();
      const different: Asked[] = [
        { where: { a: { gte: 1 } } },
        { where: { a: { gt: 0 } } },
        { orderBy: [["a", "desc"]] },
        { orderBy: [["b", "asc"]] },
        { reverse: true },
        { prefix: "k" },
      ];
      for (const other of different) {
        await refusedBeforeIo(
          watched,
          () => records.list({ ...query, ...other, cursor }),
          "INVALID_ARGUMENT",
          "another query",
        );
      }
      equal(
        (await records.list({ ...query, limit: 2, cursor }).page()).items.length,
        2,
        "another limit is the same query",
      );
    }),

    clause(
      "K-queries-max-scan",
      "Who filters or sorts more than maxScan entries is told which index to add",
      async (t) => {
        const { records } = await t.store();
        await records.putMany(Array.from({ length: 30 }, (_, i) => [`things/${i}`, { city: "x", age: i }] as const));
        const asked: readonly (readonly [query: Asked, names: readonly string[]])[] = [
          [{ where: { city: "y" } }, ['"city"']],
          [{ where: { city: "y", age: { gt: 50 } } }, ['"city"', '"age"']],
          [{ orderBy: [["age", "desc"]], limit: 1 }, ['"age"']],
          [{ where: { city: "x" }, orderBy: [["age", "asc"]], limit: 1 }, ['"city"', '"age"']],
        ];
        for (const [query, paths] of asked) {
          const error = await refused(
            () => records.list({ ...query, maxScan: 29 }).toArray(),
            "TOO_LARGE",
            "30 entries",
          );
          for (const path of paths) holds(error.message.includes(path), `the message names ${path}: ${error.message}`);
          await records.list({ ...query, maxScan: 30 }).toArray();
        }
        await refused(() => records.count({ where: { city: "y" }, maxScan: 29 }), "TOO_LARGE", "counting");
        equal(
          await keysOf(records, { where: { city: "x" }, maxScan: 2, limit: 2 }),
          ["things/0", "things/1"],
          "found before",
        );
        equal((await records.list({ maxScan: 1 }).toArray()).length, 30, "by key there is no such bound");
      },
    ),

    clause("K-queries-bad", "A malformed query is refused before any I/O, with what was meant", async (t) => {
      const watched = await t.watched();
      const asked: readonly (readonly [query: object, says: string])[] = [
        [{ where: { a: undefined } }, "undefined"],
        [{ where: { a: { eq: undefined } } }, "undefined"],
        [{ where: undefined }, "undefined"],
        [{ where: { a: { gtt: 1 } } }, 'Did you mean "gt"?'],
        [{ where: { a: { startsWidth: "x" } } }, 'Did you mean "startsWith"?'],
        [{ where: { a: { city: "Paris" } } }, "eq"],
        [{ where: { a: { in: "abc" } } }, "array"],
        [{ where: { a: { startsWith: 1 } } }, "string"],
        [{ where: { a: { exists: "yes" } } }, "true or false"],
        [{ where: { a: { gt: null } } }, "number"],
        [{ where: { a: () => 1 } }, "stored"],
        [{ where: { or: { a: 1 } } }, "array"],
        [{ where: [] }, "object"],
        [{ wheer: {} }, 'Did you mean "where"?'],
        [{ orderBy: [["a", "up"]] }, "desc"],
        [{ orderBy: ["a"] }, "pairs"],
        [{ maxScan: 0 }, "maxScan"],
      ];
      for (const [query, says] of asked) {
        for (const name of ["list", "count", "explain"] as const) {
          const error = await refusedBeforeIo(
            watched,
            ({ records }) => records[name](query as never),
            "INVALID_ARGUMENT",
            name,
          );
          holds(error.message.includes(says), `the message says ${says}: ${error.message}`);
        }
      }
    }),

    clause("K-queries-explain", "explain tells how the query was run, and what it has read", async (t) => {
      const { records } = await t.store();
      await records.putMany(Array.from({ length: 12 }, (_, i) => [`k${i}`, { a: i }] as const));
      const told = async (query: Asked) => {
        const { plan, index, entriesRead, requests } = await records.explain(query);
        holds(requests >= 1, "there was a request");
        return { plan, index, entriesRead };
      };
      equal(await told({}), { plan: "key", index: undefined, entriesRead: 12 }, "all");
      equal(await told({ prefix: "k1" }), { plan: "key", index: undefined, entriesRead: 3 }, "a range");
      equal(await told({ where: { a: 5 } }), { plan: "scan", index: undefined, entriesRead: 12 }, "a filter");
      equal(
        await told({ orderBy: [["a", "desc"]], limit: 1 }),
        { plan: "scan", index: undefined, entriesRead: 12 },
        "a sort",
      );
    }),

    clause("K-queries-expired", "What has expired matches nothing", async (t) => {
      const { records } = await t.store();
      await records.put("a", { v: 1 }, { ttl: 1000 });
      await records.put("b", { v: 1 });
      t.clock.advance(1000);
      equal(await keysOf(records, { where: { v: 1 } }), ["b"], "list");
      equal(await records.count({ where: { v: 1 } }), 1, "count");
      equal(await records.count(), 1, "count of all");
    }),

    clause("K-queries-count", "count answers how many list would give", async (t) => {
      const { records, kv } = await t.store();
      await records.putMany(Array.from({ length: 12 }, (_, i) => [`k${i}`, { a: i }] as const));
      await kv.setMany(Array.from({ length: 12 }, (_, i) => [`k${i}`, i] as const));
      for (const query of [{}, { prefix: "k1" }, { limit: 5 }, { start: "k3", end: "k7" }, { prefix: "x" }]) {
        const { length } = await records.list(query).toArray();
        equal(await records.count(query), length, "records");
        equal(await kv.count(query), length, "kv");
      }
      equal(await records.count({ where: { a: { lt: 7 } } }), 7, "those that match");
      equal(await records.count({ where: { a: { lt: 7 } }, limit: 3 }), 3, "at most the limit");
    }),

    clause(
      "K-queries-transaction",
      "In a transaction a query sees its own writes, and conflicts with those of others in its range",
      async (t) => {
        const store = await t.store();
        await store.records.putMany([
          ["a", { v: 1 }],
          ["b", { v: 2 }],
          ["c", { v: 1 }],
        ]);
        let runs = 0;
        const seen = await store.transaction(async (tx) => {
          runs++;
          await tx.records.delete("a");
          await tx.records.put("d", { v: 1 });
          const found = await keysOf(tx.records, { where: { v: 1 }, orderBy: [["v", "asc"]], reverse: true });
          if (runs === 1) await store.records.put("e", { v: 1 });
          await tx.records.put("sum", { v: found.length });
          return found;
        });
        equal([runs, seen], [2, ["e", "d", "c"]], "how often it ran, and what it saw");
        equal((await store.records.get("sum"))?.value, { v: 3 }, "what it wrote");
      },
    ),

    clause("K-queries-index", "With an index the answers are the same, and less is read", async (t) => {
      const { records } = await t.store();
      const plain = await filled(records.collection("plain"));
      const indexed = await filled(records.collection("indexed", { indexes: { byV: { on: "v" } } }));
      await untilIndexed(indexed, { where: { v: 5 } });
      equal(
        await indexed.explain({ where: { v: 5 } }),
        { plan: "index", index: "byV", entriesRead: 1, requests: 1 },
        "the plan",
      );
      const values = [...Object.values(documents).flatMap((document) => Object.values(document as object)), 7];
      const tests = values.flatMap((v): Asked[] => [
        { where: { v: { eq: v } } },
        { where: { v: { ne: v } } },
        { where: { v: { in: [v, 5] } } },
      ]);
      const bounds = [5, "ab", true, new Date(0), new Uint8Array([1])].flatMap((v): Asked[] => [
        { where: { v: { gt: v } } },
        { where: { v: { lte: v } }, reverse: true },
        { where: { v: { gte: v } }, orderBy: [["v", "desc"]] },
      ]);
      const orders: Asked[] = [
        { orderBy: [["v", "asc"]] },
        { orderBy: [["v", "desc"]], limit: 3 },
        { orderBy: [["v", "asc"]], reverse: true },
      ];
      for (const query of [...tests, ...bounds, ...orders]) {
        equal(await keysOf(indexed, query), await keysOf(plain, query), "the keys by the index");
        equal(await indexed.count(query), await plain.count(query), "how many are counted");
      }
      equal(
        await keysOf(indexed, { where: { v: 5 }, maxScan: 1 }),
        ["number"],
        "what is read by an index is not bounded by maxScan",
      );
    }),
  ],
};

/** The index is built beside what goes on. */
async function untilIndexed(records: Records, query: Asked): Promise<void> {
  for (let tries = 0; tries < 10_000; tries++) {
    if ((await records.explain(query)).plan === "index") return;
    await new Promise((resolve) => setTimeout(resolve));
  }
  fail("the index was not ready in time");
}
