import type { AppendOp } from "@cuitty/persist-core";
import { equal, holds, present } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import {
  append,
  apply,
  conflicting,
  erase,
  head,
  later,
  newEvent,
  noteChanges,
  put,
  range,
  verb,
} from "../engine-verbs.ts";

export const engineEvents: Chapter = {
  section: "97.4",
  title: "The engine: events",
  clauses: [
    verb("K-engine-append", "append places events side by side in stream and log", async (engine, o) => {
      await apply(engine, o, append("s", ["1", "2"]), append("other", ["1"]), append("s", ["3"]));
      const { events, more } = await engine.events({ reverse: false, limit: 10 }, o);
      const places = events.map(({ stream, id, version, position }) => [stream, id, version, position]);
      equal(
        places,
        [
          ["s", "1", 1, 1],
          ["s", "2", 2, 2],
          ["other", "1", 1, 3],
          ["s", "3", 3, 4],
        ],
        "the places",
      );
      equal(more, false, "more");
      equal(
        [await head(engine, o, "s"), await head(engine, o, "")],
        [
          { version: 3, position: 4 },
          { version: 4, position: 4 },
        ],
        "the heads",
      );
    }),

    verb(
      "K-engine-event-row",
      "An event comes back as it was given, with the time of its commit",
      async (engine, o) => {
        const given = newEvent("id'1", {
          type: "t%",
          tags: ["a", "b'"],
          data: "not JSON",
          metadata: '{"m":"\\u0000"}',
        });
        await apply(engine, o, { op: "append", stream: "s/😀", events: [given] });
        const [event] = (await engine.events({ stream: "s/😀", reverse: false, limit: 1 }, o)).events;
        const expected = { ...given, stream: "s/😀", version: 1, position: 1, time: o.now };
        equal(event && { ...event, tags: [...event.tags] }, expected, "the event");
      },
    ),

    verb(
      "K-engine-events-range",
      "events gives exactly its range, by version in a stream and by position in the log",
      async (engine, o) => {
        await apply(engine, o, append("other", ["x"]), append("s", ["1", "2", "3", "4", "5"]));
        const ids = async (more: object) =>
          (await engine.events({ reverse: false, limit: 100, ...more }, o)).events.map(({ id }) => id);
        equal(await ids({ stream: "s", from: 2, to: 4 }), ["2", "3", "4"], "in a stream");
        equal(await ids({ stream: "s", from: 2, to: 4, reverse: true }), ["4", "3", "2"], "in a stream, in reverse");
        equal(await ids({ from: 2, to: 4 }), ["1", "2", "3"], "in the log");
        equal(await ids({ from: 5, reverse: true }), ["5", "4"], "in the log, in reverse");
        equal(await ids({ stream: "s", from: 6 }), [], "beyond the end");
        equal(await ids({ stream: "s", from: 4, to: 2 }), [], "a range that ends before it starts");
        equal(await ids({ stream: "none" }), [], "of no stream");
        const page = await engine.events({ stream: "s", reverse: false, limit: 2 }, o);
        equal([page.events.map(({ id }) => id), page.more], [["1", "2"], true], "a page of two");
        equal(
          (await engine.events({ stream: "s", reverse: false, limit: 6 }, o)).more,
          false,
          "more after a page with room left",
        );
      },
    ),

    verb(
      "K-engine-events-ids",
      "events with ids gives those of the stream that have one of them",
      async (engine, o) => {
        await apply(engine, o, append("s", ["1", "2", "3", "4"]), append("other", ["2"]));
        const found = async (ids: string[], reverse = false) =>
          (await engine.events({ stream: "s", ids, reverse, limit: 100 }, o)).events.map(({ id, version }) => [
            id,
            version,
          ]);
        equal(
          await found(["4", "none", "2"]),
          [
            ["2", 2],
            ["4", 4],
          ],
          "two of them",
        );
        equal(
          await found(["1", "3"], true),
          [
            ["3", 3],
            ["1", 1],
          ],
          "in reverse",
        );
        equal(await found(["none"]), [], "none of them");
      },
    ),

    verb("K-engine-append-expected", "expected is judged against the stream's version", async (engine, o) => {
      await conflicting(engine, o, append("s", ["1"], { expected: "exists" }));
      await conflicting(engine, o, append("s", ["1"], { expected: 1 }));
      await apply(engine, o, append("s", ["1"], { expected: 0 }));
      await conflicting(engine, o, append("s", ["2"], { expected: 0 }));
      await apply(engine, o, append("s", ["2"], { expected: 1 }));
      await apply(engine, o, append("s", ["3"], { expected: "exists" }));
      equal((await head(engine, o, "s"))?.version, 3, "the version");
    }),

    verb("K-engine-append-gathered", "Appends that are sent together come out as one by one", async (engine, o) => {
      await apply(engine, o, append("old", ["1", "2"]));
      await apply(engine, o, append("erased", ["1"]));
      await apply(engine, o, erase("erased", 2));
      const answersOf = async (...lists: readonly AppendOp[]) =>
        (
          await engine.commit(
            lists.map((op) => [op]),
            o,
          )
        ).map((result) => {
          if (result.outcome !== "applied") return result.outcome;
          const { version, position, duplicate } = present(result.answers[0]?.appended, "the answer");
          return [version, position, ...(duplicate ? ["duplicate"] : [])];
        });
      const together = [
        append("new", ["a", "b"], { expected: 0 }),
        append("old", ["3"], { expected: 2 }),
        append("erased", ["2"], { expected: 0 }),
        append("new", ["c"]),
        append("__proto__", ["a"]),
        append("old", ["4", "5"]),
      ];
      const answers = [
        [2, 5],
        [3, 6],
        [2, 7],
        [3, 8],
        [1, 9],
        [5, 11],
      ];
      equal(await answersOf(...together), answers, "the answers");
      const log = async () =>
        (await engine.events({ reverse: false, limit: 100 }, o)).events.map(
          ({ stream, version, position, id }) => `${position} ${stream} ${version} ${id}`,
        );
      const found = [
        "1 old 1 1",
        "2 old 2 2",
        "4 new 1 a",
        "5 new 2 b",
        "6 old 3 3",
        "7 erased 2 2",
        "8 new 3 c",
        "9 __proto__ 1 a",
        "10 old 4 4",
        "11 old 5 5",
      ];
      equal(await log(), found, "the log");
      equal(
        await head(engine, o, "erased"),
        { version: 2, position: 7, first: 2 },
        "the head of what was erased before",
      );

      equal(
        await answersOf(...together),
        answers.map((answer) => [...answer, "duplicate"]),
        "the answers to the same again",
      );
      equal(
        await answersOf(
          append("x", ["1"]),
          append("old", ["6"], { expected: 2 }),
          append("x", ["1"]),
          append("new", ["d", "a"]),
          append("y", ["1"]),
        ),
        [[1, 12], "conflict", [1, 12, "duplicate"], "conflict", [1, 13]],
        "the answers where some are in the way",
      );
      equal(await log(), [...found, "12 x 1 1", "13 y 1 1"], "the log then");
    }),

    verb(
      "K-engine-append-again",
      "Ids that stand side by side in this order are answered with their place, whatever the conditions",
      async (engine, o) => {
        await apply(engine, o, append("s", ["1", "2", "3"]));
        await apply(engine, o, append("other", ["9"]));
        const never = { after: 0, matches: () => true };
        for (const more of [{}, { expected: 0 }, { expected: 99 }, { unless: never }]) {
          const { answers } = await apply(engine, o, append("s", ["1", "2"], more));
          equal(answers[0]?.appended, { version: 2, position: 2, duplicate: true }, JSON.stringify(more));
        }
        for (const ids of [
          ["2", "1"],
          ["1", "3"],
          ["3", "4"],
          ["4", "3"],
        ])
          await conflicting(engine, o, append("s", ids));
        equal((await head(engine, o, ""))?.position, 4, "the last position");
      },
    ),

    verb(
      "K-engine-append-again-time",
      "An append that is known already changes nothing, not even the order of changes",
      async (engine, o) => {
        await apply(engine, o, append("s", ["1"]), put("k"));
        const changes = await noteChanges(engine, o);
        const before = await engine.read("streams", ["s", ""], o);
        await apply(engine, later(o, 100), append("s", ["1"]));
        equal(await engine.read("streams", ["s", ""], o), before, "the heads");
        equal((await changes?.()) ?? [], [], "the changes");
      },
    ),

    verb(
      "K-engine-append-unless",
      "unless is a conflict where an event after the position satisfies it",
      async (engine, o) => {
        await apply(engine, o, append("a", ["1", "2"]), append("b", ["3"]));
        const unless = (after: number, id: string) => ({
          unless: { after, matches: (event: { id: string }) => event.id === id },
        });
        await conflicting(engine, o, append("s", ["4"], unless(0, "1")));
        await conflicting(engine, o, append("s", ["4"], unless(2, "3")));
        await apply(engine, o, append("s", ["4"], unless(1, "1")));
        await apply(engine, o, append("s", ["5"], unless(0, "none")));
        const results = await engine.commit(
          [[append("x", ["6"], unless(5, "7"))], [append("x", ["7"])], [append("x", ["8"], unless(5, "7"))]],
          o,
        );
        equal(
          results.map(({ outcome }) => outcome),
          ["applied", "applied", "conflict"],
          "in one group",
        );
      },
    ),

    verb(
      "K-engine-append-unless-event",
      "The predicate gets whole events, in the order of their positions, and only those after the position",
      async (engine, o) => {
        const given = newEvent("1", { type: "type", tags: ["x"], metadata: "{}" });
        await apply(
          engine,
          o,
          append("before", ["0"]),
          { op: "append", stream: "s", events: [given] },
          append("t", ["2"]),
        );
        const seen: unknown[] = [];
        const matches = (event: object) => {
          seen.push({ ...event });
          return false;
        };
        await apply(engine, o, append("s", ["3"], { unless: { after: 1, matches } }));
        const place = { stream: "s", version: 1, position: 2, time: o.now };
        equal(
          seen.map((event) => (event as { position: number }).position),
          [2, 3],
          "the positions",
        );
        equal(seen[0], { ...given, ...place }, "the first");
      },
    ),

    verb("K-engine-time-never-back", "The time of events never goes back", async (engine, o) => {
      await apply(engine, later(o, 1000), append("s", ["1"]));
      await apply(engine, o, append("t", ["2"]));
      await apply(engine, later(o, 2000), append("s", ["3"]));
      const { events } = await engine.events({ reverse: false, limit: 10 }, o);
      equal(
        events.map(({ time }) => time - o.now),
        [1000, 1000, 2000],
        "the times",
      );
    }),

    verb(
      "K-engine-positions-per-commit",
      "Positions follow the order of commits, also of those sent at once",
      async (engine, o) => {
        const results = await Promise.all(
          Array.from({ length: 30 }, (_, i) => engine.commit([[append(`s${i % 4}`, [`a${i}`, `b${i}`])]], o)),
        );
        const positions = results
          .flat()
          .map((result) => (result.outcome === "applied" ? (result.answers[0]?.appended?.position ?? 0) : 0));
        equal(
          [...positions].sort((a, b) => a - b),
          Array.from({ length: 30 }, (_, i) => 2 * i + 2),
          "the positions",
        );
        const { events } = await engine.events({ reverse: false, limit: 100 }, o);
        equal(
          events.map(({ position }) => position),
          Array.from({ length: 60 }, (_, i) => i + 1),
          "the log",
        );
      },
    ),

    verb(
      "K-engine-erase",
      "erase takes the stream's oldest events from every reader and keeps the places of all",
      async (engine, o) => {
        await apply(engine, o, append("s", ["1", "2", "3"]), append("t", ["a"]), append("s", ["4", "5"]));
        const { answers } = await apply(engine, o, erase("s", 4));
        equal(answers[0], { existed: true }, "the answer");
        const seen = async (more: object) =>
          (await engine.events({ reverse: false, limit: 100, ...more }, o)).events.map(({ id }) => id);
        equal(await seen({}), ["a", "4", "5"], "the log");
        equal(await seen({ reverse: true }), ["5", "4", "a"], "the log in reverse");
        equal(await seen({ from: 2, to: 5 }), ["a", "4"], "a part of the log");
        equal(await seen({ stream: "s" }), ["4", "5"], "the stream");
        equal(await seen({ stream: "s", reverse: true }), ["5", "4"], "the stream in reverse");
        equal(await seen({ stream: "s", from: 2, to: 4 }), ["4"], "a part of the stream");
        const [four] = (await engine.events({ stream: "s", reverse: false, limit: 1 }, o)).events;
        equal([four?.version, four?.position, four?.data], [4, 5, '"4"'], "the first that is left");
        equal(await head(engine, o, "s"), { version: 5, position: 6, first: 4, erased: true }, "the head");
        equal(await head(engine, o, ""), { version: 6, position: 6 }, "the head of the log");
      },
    ),

    verb(
      "K-engine-erase-page",
      "A page is full also where erased events lie within it, and says rightly whether there are more",
      async (engine, o) => {
        for (const n of [1, 2, 3]) await apply(engine, o, append("s", [`s${n}`]), append("t", [`t${n}`]));
        await apply(engine, o, erase("s", 3));
        const page = async (more: object) => {
          const { events, more: others } = await engine.events({ reverse: false, limit: 2, ...more }, o);
          return [events.map(({ id }) => id), others];
        };
        equal(await page({}), [["t1", "t2"], true], "the first");
        equal(await page({ from: 5 }), [["s3", "t3"], false], "the last");
        equal(await page({ to: 3, reverse: true }), [["t1"], false], "with nothing but erased events after it");
        equal(await page({ from: 3, to: 3 }), [[], false], "of an erased event alone");
      },
    ),

    verb("K-engine-erase-ids", "The ids of erased events still count", async (engine, o) => {
      await apply(engine, o, append("s", ["1", "2", "3"]));
      await apply(engine, o, erase("s", 3));
      for (const more of [{}, { expected: 99 }]) {
        const { answers } = await apply(engine, o, append("s", ["1", "2"], more));
        equal(answers[0]?.appended, { version: 2, position: 2, duplicate: true }, "the same ids again");
      }
      equal(
        (await apply(engine, o, append("s", ["2", "3"]))).answers[0]?.appended,
        { version: 3, position: 3, duplicate: true },
        "one that was erased and one that was not",
      );
      for (const ids of [
        ["2", "1"],
        ["1", "new"],
      ])
        await conflicting(engine, o, append("s", ids));
      const ids = { stream: "s", ids: ["3", "1"], reverse: false, limit: 10 };
      const [one, three] = (await engine.events(ids, o)).events;
      equal([one?.id, one?.version, one?.position], ["1", 1, 1], "the place of one that is asked for by its id");
      equal([one?.type, one?.data, one?.tags.length, one?.metadata], ["", "", 0, undefined], "what is left of it");
      equal(one?.erased, true, "whether it says so");
      equal([three?.id, three?.data, three?.erased], ["3", '"3"', undefined], "one that was not erased");
    }),

    verb(
      "K-engine-erase-goes-on",
      "Versions, positions and times go on where they were, after everything was erased too",
      async (engine, o) => {
        await apply(engine, later(o, 1000), append("s", ["1", "2"]));
        await apply(engine, later(o, 2000), erase("s", 3));
        equal(await head(engine, o, "s"), { version: 2, position: 2, first: 3, erased: true }, "the head");
        equal((await engine.events({ reverse: false, limit: 10 }, o)).events, [], "the log");
        const { answers } = await apply(engine, o, append("s", ["3"]));
        equal(answers[0]?.appended, { version: 3, position: 3, duplicate: false }, "the next");
        equal(await head(engine, o, "s"), { version: 3, position: 3, first: 3 }, "the head after it");
        const [event] = (await engine.events({ reverse: false, limit: 10 }, o)).events;
        holds(
          (event?.time ?? 0) - o.now >= 1000,
          "its time is none before those of the erased, by a clock that was set back",
        );
      },
    ),

    verb(
      "K-engine-erase-expected",
      "A stream whose events were all erased is none to expected 0 and exists, and has its version",
      async (engine, o) => {
        await apply(engine, o, append("s", ["1", "2"]));
        for (const expected of [0, 1, 3] as const) await conflicting(engine, o, erase("s", 3, expected));
        await conflicting(engine, o, erase("none", 3, "exists"));
        await apply(engine, o, erase("s", 2, 2));
        await conflicting(engine, o, append("s", ["3"], { expected: 0 }));
        await apply(engine, o, erase("s", 3, "exists"));
        await conflicting(engine, o, append("s", ["3"], { expected: "exists" }));
        await conflicting(engine, o, append("s", ["3"], { expected: 1 }));
        await apply(engine, o, append("s", ["3"], { expected: 0 }));
        await apply(engine, o, erase("s", 4));
        await apply(engine, o, append("s", ["4"], { expected: 3 }));
        equal((await head(engine, o, "s"))?.version, 4, "the version");
      },
    ),

    verb("K-engine-erase-nothing", "Where there is nothing to erase, nothing is written", async (engine, o) => {
      await apply(engine, o, append("s", ["1", "2"]), erase("none", 5));
      await apply(engine, o, erase("s", 2));
      const changes = await noteChanges(engine, o);
      const before = await engine.read("streams", ["s", "none"], o);
      const { answers } = await apply(engine, later(o, 100), erase("s", 2));
      equal(answers[0], { existed: false }, "the answer");
      equal((await apply(engine, o, erase("none", 5))).answers[0], { existed: false }, "of no stream");
      equal((await apply(engine, o, erase("s", 0))).answers[0], { existed: false }, "before the beginning");
      equal(await engine.read("streams", ["s", "none"], o), before, "the rows");
      equal((await changes?.()) ?? [], [], "the changes");
    }),

    verb(
      "K-engine-erase-row",
      "Erasing is a write of the stream's row: a new version each time, and a change",
      async (engine, o) => {
        await apply(engine, o, append("s", ["1", "2", "3"]));
        const versions = new Set<string | undefined>();
        const note = async () => versions.add((await engine.read("streams", ["s"], o))[0]?.version);
        await note();
        const changes = await noteChanges(engine, o);
        await apply(engine, o, erase("s", 2));
        await note();
        const [row] = await engine.read("streams", ["s"], o);
        const told = (await changes?.())?.map((change) => [change.space, change.key, change.row, change.version]);
        if (told !== undefined) equal(told, [["streams", "s", row, row?.version]], "the changes");
        await apply(engine, o, erase("s", 4));
        await note();
        await apply(engine, o, append("s", ["4"]));
        await note();
        await apply(engine, o, erase("s", 5));
        await note();
        equal(versions.size, 5, "different versions");
        const check = { op: "check", space: "streams", key: "s", ifVersion: [...versions][3] as string } as const;
        await conflicting(engine, o, check, put("k"));
      },
    ),

    verb("K-engine-erase-scan", "A stream whose events were all erased is read, but not scanned", async (engine, o) => {
      await apply(engine, o, append("a", ["1"]), append("b", ["2"]), append("c", ["3"]), append("d", ["4"]));
      await apply(engine, o, erase("b", 2), erase("d", 2));
      const scanned = async (more: object) => {
        const page = await engine.scan("streams", range(more), o);
        return [page.rows.map(({ key }) => key), page.more];
      };
      equal(await scanned({}), [["a", "c"], false], "all of them");
      equal(await scanned({ limit: 1 }), [["a"], true], "a page of one");
      equal(await scanned({ limit: 2, keysOnly: true }), [["a", "c"], false], "a page of two");
      equal(await scanned({ reverse: true }), [["c", "a"], false], "in reverse");
      equal((await head(engine, o, "b"))?.version, 1, "the version");
      await apply(engine, o, append("b", ["5"]));
      equal(await scanned({}), [["a", "b", "c"], false], "when it has an event again");
    }),

    verb("K-engine-erase-unless", "What was erased satisfies no predicate", async (engine, o) => {
      await apply(engine, o, append("s", ["1", "2", "3"]));
      await apply(engine, o, erase("s", 3));
      const seen: string[] = [];
      const matches = ({ id }: { id: string }) => seen.push(id) > 99;
      await apply(engine, o, append("t", ["4"], { unless: { after: 0, matches } }));
      equal(seen, ["3"], "what the predicate was asked about");
    }),

    verb(
      "K-engine-erase-many",
      "A thousand events of many appends are erased at once, from within one append to within another",
      async (engine, o) => {
        const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => `e${from + i}`);
        for (const [from, count] of [
          [1, 400],
          [401, 1],
          [402, 2],
          [404, 300],
          [704, 400],
        ] as const)
          await apply(engine, o, append("s", ids(from, count)));
        await apply(engine, o, erase("s", 71));
        await apply(engine, o, erase("s", 1071));
        const { events } = await engine.events({ reverse: false, limit: 1000 }, o);
        equal(
          events.map(({ version, position, id }) => [version, position, id]),
          Array.from({ length: 33 }, (_, i) => [1071 + i, 1071 + i, `e${1071 + i}`]),
          "what is left",
        );
        const backward = await engine.events({ stream: "s", reverse: true, limit: 1000 }, o);
        equal(backward.events.length, 33, "what is left, in reverse");
      },
    ),
  ],
};
