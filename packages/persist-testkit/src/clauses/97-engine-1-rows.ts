/** What an engine says of itself, and its rows: by key, in ranges, and no longer once they have expired. */
import type { Bound, KeyRange, Op } from "@cuitty/persist-core";
import { equal, fail, holds, present } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import {
  append,
  apply,
  byIndex,
  conflicting,
  keysOf,
  later,
  newVersion,
  put,
  range,
  readOne,
  record,
  remove,
  scanned,
  verb,
} from "../engine-verbs.ts";
import { byBytes } from "../model/byte-order.ts";

const letters = ["a", "b", "c", "d", "e"];
const at = (key: string, inclusive: boolean): Bound => ({ key, inclusive });
const keyRanges: readonly (readonly [slug: string, range: Partial<KeyRange>, expected: readonly string[]])[] = [
  ["all", {}, letters],
  ["lower-inclusive", { lower: at("c", true) }, ["c", "d", "e"]],
  ["lower-exclusive", { lower: at("c", false) }, ["d", "e"]],
  ["upper-inclusive", { upper: at("c", true) }, ["a", "b", "c"]],
  ["upper-exclusive", { upper: at("c", false) }, ["a", "b"]],
  ["both", { lower: at("b", false), upper: at("d", true) }, ["c", "d"]],
  ["single", { lower: at("c", true), upper: at("c", true) }, ["c"]],
  ["empty-single", { lower: at("c", true), upper: at("c", false) }, []],
  ["inverted", { lower: at("d", true), upper: at("b", true) }, []],
  ["between", { lower: at("bb", true), upper: at("dd", false) }, ["c", "d"]],
  ["beyond", { lower: at("f", true) }, []],
  ["reverse", { reverse: true }, ["e", "d", "c", "b", "a"]],
  ["reverse-upper-inclusive", { reverse: true, upper: at("c", true) }, ["c", "b", "a"]],
  ["reverse-upper-exclusive", { reverse: true, upper: at("c", false) }, ["b", "a"]],
  ["reverse-lower-exclusive", { reverse: true, lower: at("c", false) }, ["e", "d"]],
  ["reverse-both", { reverse: true, lower: at("b", true), upper: at("d", false) }, ["c", "b"]],
];

export const engineRows: Chapter = {
  section: "97.1",
  title: "The engine: rows",
  clauses: [
    verb("K-engine-facts", "An engine says its adapter's name and how its reads are", async (engine) => {
      holds(typeof engine.adapter === "string" && engine.adapter !== "", "adapter is a name");
      holds(engine.reads === "immediate" || engine.reads === "batched", `reads is of its set (it is ${engine.reads})`);
    }),

    verb(
      "K-engine-clock",
      "An engine that has a clock of its own tells milliseconds since the epoch",
      async (engine, _o, t) => {
        const now = engine.clock?.() ?? t.absent("the engine has no clock");
        const difference = Math.abs(now - Date.now());
        holds(difference < 24 * 3_600_000, `its clock is within a day of ours (it is ${difference} ms away)`);
      },
    ),

    verb(
      "K-engine-read",
      "read gives the rows in the order of the keys, and undefined for the absent",
      async (engine, o) => {
        await apply(engine, o, put("a"), put("b"), put("c"));
        const rows = await engine.read("kv", ["c", "none", "a", "c"], o);
        equal(
          rows.map((row) => row?.key),
          ["c", undefined, "a", "c"],
          "the keys of the rows",
        );
        equal([...(await engine.read("kv", [], o))], [], "rows of no keys");
      },
    ),

    verb("K-engine-row", "A row has all that was put, and in records its times", async (engine, o) => {
      const op = put("k", { a: 1 }, { expiresAt: o.now + 1000 });
      await apply(engine, o, op, { ...op, space: "records", index: [], version: newVersion() });
      const inKv = present(await readOne(engine, o, "kv", "k"), "the row");
      equal([inKv.key, inKv.value, inKv.version, inKv.expiresAt], ["k", op.value, op.version, o.now + 1000], "in kv");
      const inRecords = present(await readOne(engine, o, "records", "k"), "the row");
      equal([inRecords.key, inRecords.value, inRecords.expiresAt], ["k", op.value, o.now + 1000], "in records");
      equal([inRecords.createdAt, inRecords.updatedAt], [o.now, o.now], "the times");
    }),

    verb(
      "K-engine-value",
      "value gives what read has for the value of a row in kv, and undefined for the absent",
      async (engine, o, t) => {
        const value = engine.value?.bind(engine) ?? t.absent("the engine takes no such shortcut");
        await apply(
          engine,
          o,
          put("a", { n: 1 }),
          put("b", 1, { expiresAt: o.now + 10 }),
          put("c", 1, { space: "system" }),
        );
        equal(await value("a", o), '{"n":1}', "of a row");
        equal(
          [await value("b", later(o, 9)), await value("b", later(o, 10))],
          ["1", undefined],
          "before and when it expires",
        );
        equal([await value("c", o), await value("none", o)], [undefined, undefined], "of what is not in kv");
        await apply(engine, o, remove("a"));
        equal(await value("a", o), undefined, "of what was deleted");
      },
    ),

    verb(
      "K-engine-values-opaque",
      "Values, versions and keys come back as they are, whatever is in them",
      async (engine, o) => {
        const texts = [
          '"plain"',
          "not JSON at all",
          '{"$n":"-0"}',
          '"\\u0000"',
          "",
          '{"b":1,"a":2,"a":3}',
          " 1.0 ",
          "-0",
          "😀'\"\\%_",
        ];
        await apply(
          engine,
          o,
          ...texts.map((value, i): Op => ({ ...put(`k${i}`), value, version: `${newVersion()} '"%\\😀` })),
        );
        for (const [i, value] of texts.entries())
          equal((await readOne(engine, o, "kv", `k${i}`))?.value, value, "the value");
        holds(
          (await readOne(engine, o, "kv", "k0"))?.version.endsWith(` '"%\\😀`) === true,
          "the version is as it was",
        );
      },
    ),

    verb("K-engine-spaces", "The same key is another row in each space", async (engine, o) => {
      const spaces = ["records", "kv", "system"] as const;
      await apply(engine, o, ...spaces.map((space) => put("k", space, { space })));
      for (const space of spaces) equal((await readOne(engine, o, space, "k"))?.value, `"${space}"`, space);
      equal(await readOne(engine, o, "blobs", "k"), undefined, "blobs");
      await apply(engine, o, remove("k", { space: "system" }));
      equal((await readOne(engine, o, "kv", "k"))?.value, '"kv"', "kv after system was deleted");
    }),

    verb("K-engine-read-many", "read takes a thousand keys", async (engine, o) => {
      const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
      await apply(engine, o, ...keys.map((key) => put(key)));
      equal(
        (await engine.read("kv", keys, o)).map((row) => row?.key),
        keys,
        "the keys of the rows",
      );
    }),

    ...keyRanges.map(([slug, part, expected]) =>
      verb(
        `K-engine-scan-${slug}`,
        ["A scan by key gives exactly its range", slug.replaceAll("-", " ")],
        async (engine, o) => {
          await apply(engine, o, ...["d", "a", "e", "c", "b"].map((key) => put(key)), put("c", 1, { space: "system" }));
          const page = await engine.scan("kv", range(part), o);
          equal(keysOf(page.rows), [...expected], "the keys");
          equal(page.more, false, "more");
        },
      ),
    ),

    verb(
      "K-engine-scan-limit",
      "A page has at most `limit` rows, and says whether another may follow",
      async (engine, o) => {
        await apply(engine, o, ...letters.map((key) => put(key)));
        for (const reverse of [false, true]) {
          const expected = reverse ? [...letters].reverse() : letters;
          const first = await engine.scan("kv", range({ limit: 2, reverse }), o);
          equal([keysOf(first.rows), first.more], [expected.slice(0, 2), true], "a page of two");
          const all = await engine.scan("kv", range({ limit: 5, reverse }), o);
          equal(keysOf(all.rows), expected, "a page of as many as there are");
          equal(
            (await engine.scan("kv", range({ limit: 6, reverse }), o)).more,
            false,
            "more after a page with room left",
          );
        }
      },
    ),

    verb(
      "K-engine-scan-keys-only",
      'With keysOnly the value is "", and the rest of the row is there',
      async (engine, o) => {
        const op = put("k", "value");
        await apply(engine, o, op);
        const [row] = (await engine.scan("kv", range({ keysOnly: true }), o)).rows;
        equal([row?.key, row?.value, row?.version], ["k", "", op.version], "key, value and version");
      },
    ),

    verb("K-engine-scan-rows", "Rows of a scan are those of read", async (engine, o) => {
      await apply(engine, o, put("a", { n: 1 }), put("b", "x", { expiresAt: o.now + 5 }));
      const { rows } = await engine.scan("kv", range(), o);
      const read = await engine.read("kv", ["a", "b"], o);
      for (const [i, row] of rows.entries()) {
        const { key, value, version, expiresAt } = present(read[i], "the row");
        equal(
          [row.key, row.value, row.version, row.expiresAt ?? undefined],
          [key, value, version, expiresAt ?? undefined],
          key,
        );
      }
      equal(rows.length, 2, "how many rows");
    }),

    verb("K-engine-scan-order", "Scans go by unsigned UTF-8 bytes, bounds too", async (engine, o) => {
      const keys = ["A", "a", "z", "~", "\u007f", "\u0080", "é", "\ud7ff", "\ue000", "～", "\uffff", "\u{10000}", "😀"];
      await apply(engine, o, ...[...keys].reverse().map((key) => put(key)));
      equal(await scanned(engine, o, "kv", range()), keys, "all");
      equal(keys, [...keys].sort(byBytes), "the order of the table");
      for (const [i, key] of keys.entries()) {
        equal(await scanned(engine, o, "kv", range({ lower: at(key, false) })), keys.slice(i + 1), "after a key");
        equal(
          await scanned(engine, o, "kv", range({ upper: at(key, true), reverse: true })),
          keys.slice(0, i + 1).reverse(),
          "down from a key",
        );
      }
    }),

    verb(
      "K-engine-scan-streams",
      "The space of streams is scanned by name, without the head of the log",
      async (engine, o) => {
        await apply(engine, o, append("b", ["1", "2"]), append("a", ["1"]));
        const { rows } = await engine.scan("streams", range(), o);
        equal(
          rows.map(({ key, value }) => [key, JSON.parse(value)]),
          [
            ["a", { version: 1, position: 3 }],
            ["b", { version: 2, position: 2 }],
          ],
          "the rows",
        );
        equal(keysOf((await engine.scan("streams", range({ reverse: true, limit: 1 }), o)).rows), ["b"], "in reverse");
      },
    ),

    verb(
      "K-engine-expired",
      "A row is absent for every verb once `now` has come to its expiresAt",
      async (engine, o) => {
        const op = put("k", 1, { expiresAt: o.now + 10 });
        const indexedOp = { ...record("r", [1], true), expiresAt: o.now + 10 };
        await apply(engine, o, op, indexedOp);
        const before = later(o, 9);
        const then = later(o, 10);
        equal((await readOne(engine, before, "kv", "k"))?.version, op.version, "read before");
        equal(await scanned(engine, before, "records", byIndex()), ["r"], "scan by index before");
        equal(await readOne(engine, then, "kv", "k"), undefined, "read");
        equal(await scanned(engine, then, "kv", range()), [], "scan");
        equal(await scanned(engine, then, "records", byIndex()), [], "scan by index");
        await conflicting(engine, then, { op: "check", space: "kv", key: "k", ifVersion: op.version });
        await apply(engine, then, { op: "check", space: "kv", key: "k", ifVersion: null });
        equal((await apply(engine, then, remove("k"))).answers[0]?.existed, false, "existed of a delete");
      },
    ),

    verb("K-engine-expired-replaced", "A put over an expired row makes a new one", async (engine, o) => {
      await apply(engine, o, put("k", 1, { space: "records", expiresAt: o.now + 10 }));
      const then = later(o, 10);
      const { answers } = await apply(engine, then, put("k", 2, { space: "records", ifVersion: null }));
      equal(answers[0]?.createdAt, then.now, "createdAt");
      equal((await readOne(engine, then, "records", "k"))?.expiresAt ?? undefined, undefined, "expiresAt");
    }),

    verb("K-engine-expired-unique", "What has expired occupies no unique index", async (engine, o) => {
      await apply(engine, o, { ...record("a", [1], true), expiresAt: o.now + 10 });
      await conflicting(engine, later(o, 9), record("b", [1], true));
      await apply(engine, later(o, 10), record("b", [1], true));
      equal(await scanned(engine, later(o, 10), "records", byIndex()), ["b"], "the index");
    }),

    verb("K-engine-expired-many", "A page is not cut short by rows that have expired", async (engine, o) => {
      await apply(engine, o, ...Array.from({ length: 500 }, (_, i) => put(`a${i}`, i, { expiresAt: o.now + 1 })));
      await apply(engine, o, put("b"), put("c"));
      const then = later(o, 1);
      let lower: Bound | undefined;
      const found: string[] = [];
      for (let pages = 0; pages < 200; pages++) {
        const page = await engine.scan("kv", range({ limit: 10, lower }), then);
        found.push(...keysOf(page.rows));
        const last = page.rows.at(-1);
        if (!page.more) break;
        if (last === undefined) fail("a page without rows says that another follows: nobody knows where");
        lower = at(last.key, false);
      }
      equal(found, ["b", "c"], "the keys");
    }),
  ],
};
