import { equal } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import { append, apply, changesAfter, conflicting, head, later, newEvent, put, verb } from "../engine-verbs.ts";

export const engineEvents: Chapter = {
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
        const { cursor } = await engine.changes(undefined, 100, o);
        const before = await engine.read("streams", ["s", ""], o);
        await apply(engine, later(o, 100), append("s", ["1"]));
        equal(await engine.read("streams", ["s", ""], o), before, "the heads");
        equal(await changesAfter(engine, o, cursor), [], "the changes");
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
  ],
};
