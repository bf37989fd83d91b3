/** Which events a reading gives: by version or position, by time, filtered, in pages. */
import type { ReadOptions, Store } from "@cuitty/persist-core";
import { equal, holds } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { dataOf, event, filled, read } from "../sample-events.ts";
import { refusedBeforeIo } from "../untouched.ts";

const reads: readonly (readonly [slug: string, o: ReadOptions, versions: readonly number[]])[] = [
  ["all", {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ["from", { from: 8 }, [8, 9, 10]],
  ["from-0", { from: 0, to: 2 }, [1, 2]],
  ["to", { to: 3 }, [1, 2, 3]],
  ["to-0", { to: 0 }, []],
  ["after", { after: 8 }, [9, 10]],
  ["after-0", { after: 0, limit: 1 }, [1]],
  ["after-last", { after: 10 }, []],
  ["from-beyond", { from: 11 }, []],
  ["from-after", { from: 4, after: 6, to: 8 }, [7, 8]],
  ["from-to", { from: 4, to: 6 }, [4, 5, 6]],
  ["empty-range", { from: 6, to: 4 }, []],
  ["limit", { limit: 3 }, [1, 2, 3]],
  ["backward", { direction: "backward" }, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]],
  ["backward-limit", { direction: "backward", limit: 2 }, [10, 9]],
  ["backward-range", { direction: "backward", from: 4, to: 6 }, [6, 5, 4]],
  ["backward-after", { direction: "backward", after: 8 }, [10, 9]],
  ["forward", { direction: "forward", from: 9 }, [9, 10]],
];

export const readingEvents: Chapter = {
  section: "62",
  title: "Reading events",
  clauses: [
    ...reads.map(([slug, o, versions]) =>
      clause(
        `K-events-read-${slug}`,
        [
          "read gives exactly what its options say, in their direction",
          `${JSON.stringify(o).replaceAll('"', "")} gives ${versions.length === 0 ? "nothing" : versions.join(", ")} of ten`,
        ],
        async (t) => {
          equal(await read(await filled(await t.store()), "s", o), [...versions], "the data");
        },
      ),
    ),

    clause("K-events-read-all-numbers", "In readAll the numbers are positions", async (t) => {
      const { events } = await filled(await t.store());
      const positions = async (o: ReadOptions) => (await events.readAll(o).toArray()).map(({ position }) => position);
      equal(await positions({ from: 3, to: 7 }), [3, 4, 5, 6, 7], "from and to");
      equal(await positions({ after: 13 }), [14, 15], "after");
      equal(await positions({ direction: "backward", limit: 3 }), [15, 14, 13], "backward");
    }),

    clause("K-events-since", "since gives the events at or after a time", async (t) => {
      const { events } = await t.store();
      const times: number[] = [];
      for (let i = 0; i < 12; i++) {
        times.push(t.clock.now());
        await events.append(i % 2 === 0 ? "s" : "other", [event(i), event(i)]);
        t.clock.advance(1000);
      }
      const since = async (time: number, o: ReadOptions = {}) =>
        new Set(dataOf(await events.readAll({ since: new Date(time), ...o }).toArray()));
      equal(await since(times[9] as number), new Set([9, 10, 11]), "at a time");
      equal(await since((times[9] as number) + 1), new Set([10, 11]), "between times");
      equal((await since(0)).size, 12, "before all");
      equal((await since(t.clock.now())).size, 0, "after all");
      equal(await since(times[9] as number, { to: 22 }), new Set([9, 10]), "with an end");
      equal(await since(times[9] as number, { direction: "backward" }), new Set([11, 10, 9]), "backward");
      equal(dataOf(await events.read("s", { since: new Date(times[9] as number) }).toArray()), [10, 10], "in a stream");
    }),

    clause("K-events-filter-types", "A filter by types gives events of any of them", async (t) => {
      const { events } = await t.store();
      await events.append(
        "s",
        ["a", "b", "A", "c", "ab"].map((type) => event(type, { type })),
      );
      const types = async (...types: string[]) => dataOf(await events.read("s", { filter: { types } }).toArray());
      equal(await types("a", "c"), ["a", "c"], "two types");
      equal(await types("x"), [], "a type that there is not");
      equal(await types(), [], "no types");
    }),

    clause("K-events-filter-tags", "A filter by tags gives events that have all of them", async (t) => {
      const { events } = await t.store();
      for (const tags of [[], ["x"], ["y", "x"], ["y"], ["X"], ["xy"]])
        await events.append("s", event(tags.join("+"), { tags }));
      const tagged = async (...tags: string[]) => dataOf(await events.read("s", { filter: { tags } }).toArray());
      equal(await tagged("x"), ["x", "y+x"], "one tag");
      equal(await tagged("x", "y"), ["y+x"], "two tags");
      equal((await tagged()).length, 6, "how many there are with no tags asked for");
    }),

    clause("K-events-filter-streams", "A filter by stream prefix is literal", async (t) => {
      const { events } = await t.store();
      for (const stream of ["a_1", "a_2", "aX1", "A_1", "b"]) await events.append(stream, event(stream));
      const found = dataOf(await events.readAll({ filter: { streamPrefix: "a_" } }).toArray());
      equal(found, ["a_1", "a_2"], "the data");
    }),

    clause("K-events-filter-all", "All that a filter gives must hold, with range, direction and limit", async (t) => {
      const { events } = await t.store();
      for (let i = 1; i <= 60; i++) {
        await events.append(`s${i % 2}`, event(i, { type: `t${i % 3}`, tags: i % 5 === 0 ? ["five"] : [] }));
      }
      const filter = { types: ["t0"], tags: ["five"], streamPrefix: "s0" };
      equal(dataOf(await events.readAll({ filter }).toArray()), [30, 60], "the filter alone");
      equal(
        dataOf(await events.readAll({ filter: { types: ["t0"] }, after: 50, limit: 2 }).toArray()),
        [51, 54],
        "after and limit",
      );
      equal(dataOf(await events.readAll({ filter, direction: "backward", limit: 1 }).toArray()), [60], "backward");
    }),

    clause(
      "K-events-filter-pages",
      "Pages of a filtered reading hold what passes, and end where there is no more",
      async (t) => {
        const { events } = await t.store();
        await events.append(
          "s",
          Array.from({ length: 900 }, (_, i) => event(i, { type: i % 300 === 299 ? "rare" : "often" })),
        );
        const found: unknown[] = [];
        let cursor: string | undefined;
        for (let pages = 0; pages < 5; pages++) {
          const page = await events.read("s", { filter: { types: ["rare"] }, limit: 2, cursor }).page();
          found.push(...dataOf(page.items));
          cursor = page.cursor;
          if (cursor === undefined) break;
          equal(page.items.length, 2, "the length of a page that is not the last");
        }
        equal(found, [299, 599, 899], "the data of all pages");
        equal(cursor, undefined, "the cursor of the last page");
      },
    ),

    clause("K-events-filter-bad", "A malformed filter is refused before any I/O", async (t) => {
      const watched = await t.watched();
      const rows: readonly (readonly [filter: unknown, code: "INVALID_ARGUMENT" | "INVALID_KEY"])[] = [
        [{ typs: ["a"] }, "INVALID_ARGUMENT"],
        [{ types: "a" }, "INVALID_ARGUMENT"],
        [{ tags: "a" }, "INVALID_ARGUMENT"],
        [{ types: [""] }, "INVALID_KEY"],
        [{ tags: [5] }, "INVALID_KEY"],
        [{ streamPrefix: 5 }, "INVALID_KEY"],
        ["types", "INVALID_ARGUMENT"],
      ];
      for (const [filter, code] of rows) {
        const readAll = (store: Store) => store.events.readAll({ filter: filter as never }).toArray();
        await refusedBeforeIo(watched, readAll, code, `filter: ${JSON.stringify(filter)}`);
      }
    }),

    clause("K-events-read-bad", "Malformed numbers, times and directions are refused before any I/O", async (t) => {
      const watched = await t.watched();
      const rows: unknown[] = [
        { from: -1 },
        { from: 1.5 },
        { to: Number.NaN },
        { after: "1" },
        { limit: 0 },
        { limit: -1 },
      ];
      rows.push(
        { limit: 1.5 },
        { since: 5 },
        { since: new Date(Number.NaN) },
        { direction: "up" },
        { cursor: "x" },
        { cursor: 5 },
      );
      for (const o of rows) {
        const what = JSON.stringify(o);
        await refusedBeforeIo(watched, (s) => s.events.read("s", o as ReadOptions).toArray(), "INVALID_ARGUMENT", what);
        await refusedBeforeIo(watched, (s) => s.events.readAll(o as ReadOptions).toArray(), "INVALID_ARGUMENT", what);
      }
    }),

    clause("K-events-pages", "page gives events in portions whose cursors fit together, both ways", async (t) => {
      const { events } = await filled(await t.store());
      for (const direction of ["forward", "backward"] as const) {
        const found: unknown[] = [];
        let cursor: string | undefined;
        do {
          const page = await events.read("s", { direction, limit: 4, cursor }).page();
          holds(page.items.length <= 4, "a page has at most 4 events");
          found.push(...dataOf(page.items));
          cursor = page.cursor;
        } while (cursor !== undefined);
        const expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        equal(found, direction === "forward" ? expected : expected.reverse(), direction);
      }
    }),

    clause("K-events-foreign-cursor", "A cursor of another reading is refused before any I/O", async (t) => {
      const watched = await t.watched();
      const { events } = await filled(watched.store);
      const { cursor } = await events.read("s", { limit: 2 }).page();
      const foreign: ((store: Store) => unknown)[] = [
        (s) => s.events.read("other", { cursor }).page(),
        (s) => s.events.readAll({ cursor }).page(),
        (s) => s.events.read("s", { cursor, direction: "backward" }).page(),
        (s) => s.events.read("s", { cursor, from: 2 }).page(),
        (s) => s.events.read("s", { cursor, filter: { types: ["t"] } }).page(),
        (s) => s.kv.list({ cursor }).page(),
      ];
      for (const page of foreign)
        await refusedBeforeIo(watched, page, "INVALID_ARGUMENT", "a cursor of another reading");
    }),
  ],
};
