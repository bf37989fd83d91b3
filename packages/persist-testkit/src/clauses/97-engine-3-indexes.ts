/** Index entries: by tuple, then by key; some of them unique. */
import type { IndexRange, Op } from "@cuitty/persist-core";
import { equal, holds, present } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import {
  apply,
  byIndex,
  changesAfter,
  conflicting,
  entry,
  keysOf,
  later,
  put,
  range,
  readOne,
  record,
  reindex,
  remove,
  scanned,
  verb,
} from "../engine-verbs.ts";
import { feedVerb } from "../feed-clause.ts";
import { byBytes } from "../model/byte-order.ts";

/** By tuple, then by key: the order of an index. */
const indexed: readonly (readonly [key: string, tuple: readonly number[]])[] = [
  ["z", []],
  ["y", [0]],
  ["a", [0, 0]],
  ["b", [0, 0]],
  ["x", [0, 255]],
  ["w", [1]],
  ["c", [127]],
  ["v", [128]],
  ["u", [128, 0]],
  ["d", [255]],
  ["e", [255, 255]],
];

const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
const indexKeys = indexed.map(([key]) => key);

const indexRanges: readonly (readonly [slug: string, range: Partial<IndexRange>, expected: readonly string[]])[] = [
  ["all", {}, indexKeys],
  ["reverse", { reverse: true }, [...indexKeys].reverse()],
  ["lower", { lower: bytes(0, 0) }, ["a", "b", "x", "w", "c", "v", "u", "d", "e"]],
  ["upper", { upper: bytes(0, 255) }, ["z", "y", "a", "b"]],
  ["both", { lower: bytes(1), upper: bytes(128, 0) }, ["w", "c", "v"]],
  ["signed", { lower: bytes(127), upper: bytes(255) }, ["c", "v", "u"]],
  ["single", { lower: bytes(0, 0), upper: bytes(0, 0, 0) }, ["a", "b"]],
  ["empty", { lower: bytes(2), upper: bytes(3) }, []],
  ["inverted", { lower: bytes(128), upper: bytes(1) }, []],
  ["reverse-both", { reverse: true, lower: bytes(0, 0), upper: bytes(127) }, ["w", "x", "b", "a"]],
  ["after", { after: { tuple: bytes(0, 0), key: "a" } }, ["b", "x", "w", "c", "v", "u", "d", "e"]],
  ["after-absent", { after: { tuple: bytes(0, 0), key: "aa" } }, ["b", "x", "w", "c", "v", "u", "d", "e"]],
  ["after-last", { after: { tuple: bytes(255, 255), key: "e" } }, []],
  ["after-upper", { after: { tuple: bytes(0, 0), key: "b" }, upper: bytes(1) }, ["x"]],
  ["reverse-after", { reverse: true, after: { tuple: bytes(0, 0), key: "b" } }, ["a", "y", "z"]],
  ["reverse-after-lower", { reverse: true, after: { tuple: bytes(1), key: "w" }, lower: bytes(0, 0) }, ["x", "b", "a"]],
  [
    "reverse-after-upper",
    { reverse: true, after: { tuple: bytes(128), key: "v" }, upper: bytes(255) },
    ["c", "w", "x", "b", "a", "y", "z"],
  ],
];

export const engineIndexes: Chapter = {
  section: "97.3",
  title: "The engine: indexes",
  clauses: [
    ...indexRanges.map(([slug, part, expected]) =>
      verb(
        `K-engine-index-${slug}`,
        ["A scan by index gives exactly its range, by tuple and then by key", slug.replaceAll("-", " ")],
        async (engine, o) => {
          const shuffled = [...indexed].sort(([a], [b]) => (a < b ? -1 : 1));
          await apply(engine, o, ...shuffled.map(([key, tuple]) => record(key, tuple)));
          await apply(
            engine,
            o,
            put("other", 1, { space: "records", index: [entry("h", [1]), entry("ii", [1]), entry("j", [0])] }),
          );
          const page = await engine.scan("records", byIndex(part), o);
          equal(keysOf(page.rows), [...expected], "the keys");
          const tuples = new Map(indexed);
          equal(
            page.tuples?.map((tuple) => [...tuple]),
            expected.map((key) => [...(tuples.get(key) ?? [])]),
            "the tuples",
          );
          equal(page.more, false, "more");
        },
      ),
    ),

    verb("K-engine-index-pages", "Pages of a scan by index fit together, both ways", async (engine, o) => {
      await apply(engine, o, ...indexed.map(([key, tuple]) => record(key, tuple)));
      for (const reverse of [false, true]) {
        const found: string[] = [];
        let after: IndexRange["after"];
        for (let more = true; more; ) {
          const page = await engine.scan("records", byIndex({ limit: 2, reverse, after }), o);
          holds(page.rows.length <= 2 && found.length <= indexed.length, "pages have at most two rows, and end");
          found.push(...keysOf(page.rows));
          const [row, tuple] = [page.rows.at(-1), page.tuples?.at(-1)];
          if (row !== undefined && tuple !== undefined) after = { tuple, key: row.key };
          more = page.more;
        }
        equal(found, reverse ? [...indexKeys].reverse() : indexKeys, reverse ? "descending" : "ascending");
      }
    }),

    verb(
      "K-engine-index-rows",
      "A scan by index brings the rows along, or their keys and versions only",
      async (engine, o) => {
        const op = put("k", { a: 1 }, { space: "records", index: [entry("i", [1])] });
        await apply(engine, o, op);
        const [row] = (await engine.scan("records", byIndex(), o)).rows;
        equal([row?.key, row?.value, row?.version], ["k", op.value, op.version], "the row");
        const [key] = (await engine.scan("records", byIndex({ keysOnly: true }), o)).rows;
        equal([key?.key, key?.value, key?.version], ["k", "", op.version], "with keysOnly");
      },
    ),

    verb("K-engine-index-replaced", "A put replaces all index entries of its row", async (engine, o) => {
      await apply(engine, o, put("k", 1, { space: "records", index: [entry("i", [1]), entry("j", [1])] }));
      await apply(engine, o, put("k", 2, { space: "records", index: [entry("i", [2])] }));
      const page = await engine.scan("records", byIndex(), o);
      equal(
        page.tuples?.map((tuple) => [...tuple]),
        [[2]],
        "the tuples of i",
      );
      equal((await engine.scan("records", byIndex({ index: "j" }), o)).rows.length, 0, "how many rows in j");
      await apply(engine, o, put("k", 3, { space: "records" }));
      equal(await scanned(engine, o, "records", byIndex()), [], "i, after a put without entries");
    }),

    verb("K-engine-index-deleted", "A delete takes the index entries of its row along", async (engine, o) => {
      await apply(engine, o, record("a", [1]), record("b", [1]));
      await apply(engine, o, remove("a", { space: "records" }));
      equal(await scanned(engine, o, "records", byIndex()), ["b"], "the index");
    }),

    verb("K-engine-index-several", "A row may stand several times in one index, and in several", async (engine, o) => {
      await apply(
        engine,
        o,
        put("k", 1, { space: "records", index: [entry("i", [3]), entry("i", [1]), entry("j", [2])] }),
      );
      equal(await scanned(engine, o, "records", byIndex()), ["k", "k"], "i");
      equal(await scanned(engine, o, "records", byIndex({ index: "j" })), ["k"], "j");
    }),

    verb("K-engine-index-longest", "Tuples may have 512 bytes, and are compared to their ends", async (engine, o) => {
      const long = (end: number) => [...new Array<number>(511).fill(7), end];
      await apply(engine, o, record("b", long(255)), record("a", long(0)), record("c", long(128)));
      equal(await scanned(engine, o, "records", byIndex()), ["a", "c", "b"], "the index");
      const page = await engine.scan("records", byIndex({ lower: bytes(...long(1)), upper: bytes(...long(255)) }), o);
      equal(keysOf(page.rows), ["c"], "a range");
    }),

    verb(
      "K-engine-index-odd-keys",
      "Keys of any kind stand in an index, and decide between equal tuples by their bytes",
      async (engine, o) => {
        const keys = ["%", "'", "a/b", "é", "\uffff", "😀", "k".repeat(512)].sort(byBytes);
        await apply(engine, o, ...[...keys].reverse().map((key) => record(key, [0])));
        equal(await scanned(engine, o, "records", byIndex()), keys, "the index");
        const after = { tuple: bytes(0), key: "\uffff" };
        equal(await scanned(engine, o, "records", byIndex({ after })), ["😀"], "after a key");
      },
    ),

    verb(
      "K-engine-index-gathered",
      "Records that are put at once, after checks of one system row, come out as one by one",
      async (engine, o) => {
        const rule = put("rule", 1, { space: "system" });
        const i = (...tuple: number[]) => ({ space: "records" as const, index: [entry("i", tuple)] });
        await apply(engine, o, rule, record("old", [1], true));
        await apply(engine, o, put("expiring", 1, { ...i(2), expiresAt: o.now + 10 }));
        const then = later(o, 20);
        const puts = [
          put("new", 1, { space: "records", index: [entry("i", [4]), entry("i", [3]), entry("j", [0])] }),
          put("twice", 1, i(5)),
          put("expiring", 2, i(6)),
          put("old", 2, i(1)),
          put("twice", 2, { ...i(7), expiresAt: then.now + 10 }),
          put("__proto__", 1, { space: "records" }),
        ];
        const results = await engine.commit(
          puts.map((op) => [{ op: "check", space: "system", key: "rule", ifVersion: rule.version }, op]),
          then,
        );
        equal(
          results.map((result) => (result.outcome === "applied" ? result.answers[1]?.createdAt : result.outcome)),
          puts.map(({ key }) => (key === "old" ? o.now : then.now)),
          "the answers",
        );
        const { rows, tuples = [] } = await engine.scan("records", byIndex(), then);
        equal(
          rows.map(({ key }, n) => [key, ...(tuples[n] as Uint8Array)]),
          [
            ["old", 1],
            ["new", 3],
            ["new", 4],
            ["expiring", 6],
            ["twice", 7],
          ],
          "the index",
        );
        equal(
          rows.map(({ value, version, createdAt, updatedAt, expiresAt }) => [
            value,
            version,
            createdAt,
            updatedAt,
            expiresAt ?? 0,
          ]),
          [puts[3], puts[0], puts[0], puts[2], puts[4]].map((op) => [
            op?.value,
            op?.version,
            op?.key === "old" ? o.now : then.now,
            then.now,
            op?.expiresAt ?? 0,
          ]),
          "the rows",
        );
        equal(await scanned(engine, then, "records", byIndex({ index: "j" })), ["new"], "the other index");
      },
    ),

    verb(
      "K-engine-index-gathered-checked",
      "Of records that are put at once only those are written whose check holds, in each order of the lists",
      async (engine, o) => {
        const rule = put("rule", 1, { space: "system" });
        await apply(engine, o, rule);
        const holds = { op: "check", space: "system", key: "rule", ifVersion: rule.version } as const;
        const absent = { op: "check", space: "system", key: "none", ifVersion: null } as const;
        const fails = [
          { ...holds, ifVersion: "other" },
          { ...holds, ifVersion: null },
          { ...absent, ifVersion: "other" },
        ];
        for (const [n, check] of fails.entries()) {
          const lists: Op[][] = [
            [holds, absent, record(`${n}a`, [n])],
            [check, record(`${n}b`, [n])],
            [holds, check, record(`${n}a`, [9])],
            [absent, record(`${n}c`, [n])],
          ];
          for (const order of [lists, [...lists].reverse()]) {
            const results = await engine.commit(order, o);
            equal(
              results.map((result) => (result.outcome === "conflict" ? result.op : result.outcome)),
              order.map((list) => (list.includes(check) ? list.indexOf(check) : "applied")),
              "the answers",
            );
          }
          for (const result of await engine.commit(
            [
              [check, record("never", [n])],
              [check, record("never", [n])],
            ],
            o,
          )) {
            equal(result.outcome === "conflict" ? result.op : result.outcome, 0, "the answer where none holds");
          }
        }
        const keys = fails.flatMap((_, n) => [`${n}a`, `${n}c`]);
        equal(await scanned(engine, o, "records", byIndex()), keys, "the index");
        equal(await scanned(engine, o, "records", range()), keys, "the records");
      },
    ),

    verb(
      "K-engine-unique",
      "Another row with the same tuple in a unique index is a conflict that names the index",
      async (engine, o) => {
        await apply(engine, o, record("a", [1, 2], true));
        const result = await conflicting(engine, o, put("x"), record("b", [1, 2], true));
        equal([result.op, result.index], [1, "i"], "operation and index");
        equal(await readOne(engine, o, "kv", "x"), undefined, "what stood before it in the list");
        await apply(engine, o, record("b", [1], true), record("c", [1, 2, 0], true));
        equal(await scanned(engine, o, "records", byIndex()), ["b", "a", "c"], "the index");
      },
    ),

    verb(
      "K-engine-unique-own",
      "A row may be put again with its own unique entry, and give it up",
      async (engine, o) => {
        await apply(engine, o, record("a", [1], true));
        await apply(engine, o, record("a", [1], true));
        await apply(engine, o, record("a", [2], true));
        await apply(engine, o, record("b", [1], true));
        await apply(engine, o, remove("a", { space: "records" }));
        await apply(engine, o, record("c", [2], true));
        equal(await scanned(engine, o, "records", byIndex()), ["b", "c"], "the index");
      },
    ),

    verb(
      "K-engine-unique-moved",
      "Unique entries may move within a list: what counts is how it stands once the list is applied",
      async (engine, o) => {
        await apply(engine, o, record("a", [1], true), record("b", [2], true), record("c", [3], true));
        await apply(engine, o, record("a", [2], true), record("b", [1], true));
        equal(
          await scanned(engine, o, "records", byIndex()),
          ["b", "a", "c"],
          "the index after two have changed places",
        );
        await apply(engine, o, record("d", [3], true), remove("c", { space: "records" }));
        equal(
          await scanned(engine, o, "records", byIndex()),
          ["b", "a", "d"],
          "the index after one has made way by its deletion",
        );
        await apply(
          engine,
          o,
          record("e", [1], true),
          record("b", [9], true),
          record("f", [2], true),
          put("a", 1, { space: "records" }),
        );
        equal(
          await scanned(engine, o, "records", byIndex()),
          ["e", "f", "d", "b"],
          "the index after two have made way",
        );
      },
    ),

    verb(
      "K-engine-unique-within",
      "Two rows of one list that want the same unique entry are a conflict, and nothing is written",
      async (engine, o) => {
        const { index } = await conflicting(engine, o, record("a", [1], true), put("x"), record("b", [1], true));
        equal(index, "i", "the index");
        equal(
          [await scanned(engine, o, "records", byIndex()), await scanned(engine, o, "kv", range())],
          [[], []],
          "what is there",
        );
        await apply(engine, o, record("a", [1], true));
        await conflicting(engine, o, record("a", [2], true), record("b", [1], true), record("c", [1], true));
        equal(await scanned(engine, o, "records", byIndex()), ["a"], "the index");
      },
    ),

    verb("K-engine-unique-race", "Of many rows that want one unique entry at once, one gets it", async (engine, o) => {
      const results = await Promise.all(
        Array.from({ length: 12 }, (_, i) => engine.commit([[record(`k${i}`, [1], true)]], o)),
      );
      equal(results.flat().filter(({ outcome }) => outcome === "applied").length, 1, "how many were applied");
      equal((await scanned(engine, o, "records", byIndex())).length, 1, "how many rows are in the index");
    }),

    verb(
      "K-engine-reindex",
      "A reindex replaces all index entries of its row, which stays as it was: value, version and times",
      async (engine, o) => {
        const op = put("k", { a: 1 }, { space: "records", index: [entry("i", [1]), entry("j", [1])] });
        await apply(engine, o, op, record("other", [1]));
        const facts = async () => {
          const { value, version, createdAt, updatedAt } = present(await readOne(engine, o, "records", "k"), "the row");
          return { value, version, createdAt, updatedAt };
        };
        const before = await facts();
        await apply(engine, later(o, 5), reindex("k", op.version, [entry("i", [2]), entry("l", [3])]));
        equal(await facts(), before, "the row");
        const page = await engine.scan("records", byIndex(), o);
        equal(
          page.rows.map(({ key }, i) => [key, [...(page.tuples?.[i] ?? [])]]),
          [
            ["other", [1]],
            ["k", [2]],
          ],
          "i",
        );
        equal(await scanned(engine, o, "records", byIndex({ index: "j" })), [], "j");
        equal(await scanned(engine, o, "records", byIndex({ index: "l" })), ["k"], "l");
        await apply(engine, o, reindex("k", op.version, []));
        equal(await scanned(engine, o, "records", byIndex()), ["other"], "i, without entries of the row");
        await apply(engine, o, reindex("k", op.version, [entry("i", [0])]), put("x"));
        equal(await scanned(engine, o, "records", byIndex()), ["k", "other"], "i, with an entry again");
        await apply(engine, o, remove("k", { space: "records" }));
        equal(await scanned(engine, o, "records", byIndex()), ["other"], "i, after the row was deleted");
      },
    ),

    feedVerb(
      "K-engine-reindex-feed",
      "A reindex is no change: the row keeps its place in the feed",
      async (engine, o) => {
        const first = record("a", [1]);
        const second = record("b", [1]);
        await apply(engine, o, first);
        await apply(engine, o, second);
        const { cursor } = await engine.changes(undefined, 10, o);
        await apply(engine, later(o, 5), reindex("a", first.version, [entry("i", [2])]));
        equal(await changesAfter(engine, o, cursor), [], "the changes after it");
        const all = await changesAfter(engine, o);
        equal(
          all.map(({ key, version, time }) => [key, version, time]),
          [
            ["a", first.version, o.now],
            ["b", second.version, o.now],
          ],
          "all changes",
        );
        await apply(engine, o, put("c", 1, { space: "records" }));
        equal(
          (await changesAfter(engine, o, cursor)).map(({ key }) => key),
          ["c"],
          "the changes after another write",
        );
      },
    ),

    verb(
      "K-engine-reindex-version",
      "A reindex of a row that has another version, is absent or has expired is a conflict",
      async (engine, o) => {
        const before = record("k", [1]);
        const brief = { ...record("brief", [1]), expiresAt: o.now + 5 };
        await apply(engine, o, before, brief);
        await apply(engine, o, record("k", [2]));
        const entries = [entry("i", [3])];
        equal((await conflicting(engine, o, put("x"), reindex("k", before.version, entries))).op, 1, "the operation");
        await conflicting(engine, o, reindex("none", before.version, entries));
        await conflicting(engine, later(o, 5), reindex("brief", brief.version, entries));
        equal(await scanned(engine, later(o, 5), "records", byIndex()), ["k"], "the index");
        equal(await readOne(engine, o, "kv", "x"), undefined, "what stood before it in the list");
      },
    ),

    verb(
      "K-engine-reindex-unique",
      "A reindex that takes the unique tuple of another row is a conflict that names the index; in one list tuples may move",
      async (engine, o) => {
        const [a, b] = [record("a", [1], true), record("b", [2], true)];
        const brief = { ...record("brief", [3], true), expiresAt: o.now + 5 };
        await apply(engine, o, a, b, brief);
        const taken = await conflicting(engine, o, put("x"), reindex("a", a.version, [entry("i", [2], true)]));
        equal([taken.op, taken.index], [1, "i"], "operation and index");
        await apply(engine, o, reindex("a", a.version, [entry("i", [1], true)]));
        await apply(
          engine,
          o,
          reindex("a", a.version, [entry("i", [2], true)]),
          reindex("b", b.version, [entry("i", [1], true)]),
        );
        equal(
          await scanned(engine, o, "records", byIndex()),
          ["b", "a", "brief"],
          "the index after a change of places",
        );
        await conflicting(engine, o, reindex("a", a.version, [entry("i", [9], true)]), record("c", [9], true));
        await apply(engine, later(o, 5), reindex("a", a.version, [entry("i", [3], true)]));
        equal(
          await scanned(engine, later(o, 5), "records", byIndex()),
          ["b", "a"],
          "the index after an expired row has made way",
        );
        await conflicting(engine, later(o, 5), record("c", [3], true));
      },
    ),
  ],
};
