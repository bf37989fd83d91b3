/** Append-only streams in one common order: versions and positions without holes, in commit order. */
import type { AppendOptions, NewEvent, Store } from "@cuitty/persist-core";
import { equal, holds, identical, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { dataOf, event, filled, numbered, read, withIds } from "../sample-events.ts";
import { refusedBeforeIo } from "../untouched.ts";

const expectations: readonly (readonly [
  slug: string,
  expected: AppendOptions["expectedVersion"],
  onEmpty: boolean,
  onThree: boolean,
])[] = [
  ["any", "any", true, true],
  ["no-stream", "noStream", true, false],
  ["stream-exists", "streamExists", false, true],
  ["0", 0, true, false],
  ["3", 3, false, true],
  ["2", 2, false, false],
  ["4", 4, false, false],
];

const badAppends: readonly (readonly [
  slug: string,
  events: unknown,
  code: "INVALID_ARGUMENT" | "INVALID_KEY" | "TOO_LARGE",
  what: string,
])[] = [
  ["none", [], "INVALID_ARGUMENT", "no events"],
  ["null", null, "INVALID_ARGUMENT", "null"],
  ["text", "event", "INVALID_ARGUMENT", "a text"],
  ["null-item", [null], "INVALID_ARGUMENT", "null among the events"],
  ["no-type", { data: 1 }, "INVALID_KEY", "an event without a type"],
  ["empty-type", { type: "", data: 1 }, "INVALID_KEY", "an empty type"],
  ["nul-type", { type: "a\0", data: 1 }, "INVALID_KEY", "a type with NUL"],
  ["surrogate-type", { type: "\ud800", data: 1 }, "INVALID_KEY", "an ill-formed type"],
  ["long-type", { type: "t".repeat(129), data: 1 }, "INVALID_KEY", "a type of 129 bytes"],
  ["number-type", { type: 5, data: 1 }, "INVALID_KEY", "a type that is a number"],
  ["empty-id", event(1, { id: "" }), "INVALID_KEY", "an empty id"],
  ["long-id", event(1, { id: "é".repeat(65) }), "INVALID_KEY", "an id of 130 bytes"],
  ["null-id", event(1, { id: null as never }), "INVALID_KEY", "an id that is null"],
  ["same-ids", withIds("a", "b", "a"), "INVALID_ARGUMENT", "two events with one id"],
  ["tags-text", event(1, { tags: "tag" as never }), "INVALID_ARGUMENT", "tags that are no array"],
  ["empty-tag", event(1, { tags: ["a", ""] }), "INVALID_KEY", "an empty tag"],
  ["long-tag", event(1, { tags: ["t".repeat(129)] }), "INVALID_KEY", "a tag of 129 bytes"],
  ["number-tag", event(1, { tags: [5 as never] }), "INVALID_KEY", "a tag that is a number"],
  ["metadata-array", event(1, { metadata: [] as never }), "INVALID_ARGUMENT", "metadata that is an array"],
  ["metadata-text", event(1, { metadata: "m" as never }), "INVALID_ARGUMENT", "metadata that is a text"],
  ["too-many", numbered(1001), "TOO_LARGE", "1 001 events"],
  ["too-large", Array.from({ length: 9 }, () => event("x".repeat(1024 * 1024 - 2))), "TOO_LARGE", "9 MiB of events"],
];

export const events: Chapter = {
  section: "60",
  title: "Events",
  clauses: [
    clause("K-events-empty", "A stream that does not exist is empty, and no error", async (t) => {
      const { events } = await t.store();
      equal(await events.read("s").toArray(), [], "read");
      equal(await events.readAll().toArray(), [], "readAll");
      equal(await events.head("s"), 0, "head of a stream");
      equal(await events.head(), 0, "head of the store");
      equal(await events.streams().toArray(), [], "streams");
    }),

    clause("K-events-shape", "An event comes back with all that it was given, and its place", async (t) => {
      const { events } = await t.store();
      const given = { type: "order.placed", data: { n: 1 }, id: "id-1", metadata: { by: "me" }, tags: ["a", "b"] };
      const answer = await events.append("s", given);
      equal(answer, { version: 1, position: 1, ids: ["id-1"], duplicate: false }, "the answer of append");
      const place = { stream: "s", version: 1, position: 1, time: new Date(t.clock.now()) };
      equal(await events.read("s").toArray(), [{ ...given, ...place }], "read");
      equal(await events.readAll().toArray(), [{ ...given, ...place }], "readAll");
    }),

    clause("K-events-defaults", "Without them, id is a new UUID of version 7, metadata {} and tags []", async (t) => {
      const { events } = await t.store();
      const { ids } = await events.append("s", [event(1), event(2)]);
      for (const id of ids) holds(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/.test(id), `${id} is a UUID of version 7`);
      equal(new Set(ids).size, 2, "how many ids");
      const stored = await events.read("s").toArray();
      equal(
        stored.map(({ id }) => id),
        ids,
        "the ids",
      );
      equal(
        stored.map(({ metadata, tags }) => [metadata, tags]),
        [
          [{}, []],
          [{}, []],
        ],
        "metadata and tags",
      );
    }),

    clause("K-events-versions", "Versions of a stream are 1, 2, 3 … without holes", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(3));
      equal((await store.events.append("s", event(4))).version, 4, "the version of the fourth");
      equal((await store.events.append("other", event(1))).version, 1, "the version of the first in another stream");
      equal((await store.events.append("s", numbered(2, 5))).version, 6, "the version of the last of two");
      const stored = await store.events.read("s").toArray();
      equal(
        stored.map(({ version, data }) => [version, data]),
        [1, 2, 3, 4, 5, 6].map((n) => [n, n]),
        "version and data",
      );
    }),

    clause("K-events-positions", "Positions of the store are 1, 2, 3 … without holes, over all streams", async (t) => {
      const { events } = await filled(await t.store());
      const all = await events.readAll().toArray();
      equal(
        all.map(({ position }) => position),
        Array.from({ length: 15 }, (_, i) => i + 1),
        "the positions",
      );
      equal(dataOf(all).slice(4, 9), [5, "other 6", 6, "other 7", 7], "the order");
      equal(await events.head(), 15, "head");
    }),

    clause(
      "K-events-read-in-order",
      "read gives the events of one stream in the order of their versions",
      async (t) => {
        equal(
          await read(await filled(await t.store()), "other"),
          [6, 7, 8, 9, 10].map((n) => `other ${n}`),
          "the data",
        );
      },
    ),

    clause(
      "K-events-head",
      "head is the last version of a stream, and without a stream the last position",
      async (t) => {
        const { events } = await filled(await t.store());
        equal(
          [await events.head("s"), await events.head("other"), await events.head("none")],
          [10, 5, 0],
          "of streams",
        );
        equal(await events.head(), 15, "of the store");
      },
    ),

    clause("K-events-streams", "streams gives names with their versions, in byte order", async (t) => {
      const { events } = await t.store();
      await events.append("b", numbered(2));
      await events.append("a", numbered(1));
      await events.append("B", numbered(3));
      const expected = [
        { stream: "B", version: 3 },
        { stream: "a", version: 1 },
        { stream: "b", version: 2 },
      ];
      equal(await events.streams().toArray(), expected, "streams");
    }),

    clause("K-events-batch", "An append of many stands side by side", async (t) => {
      const { events } = await t.store();
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          events.append(
            `s${i % 3}`,
            Array.from({ length: 7 }, () => event(i)),
          ),
        ),
      );
      const data = dataOf(await events.readAll().toArray());
      equal(data.length, 70, "how many there are");
      for (let i = 0; i < 70; i += 7) equal(new Set(data.slice(i, i + 7)).size, 1, `what ${i} to ${i + 7} belong to`);
    }),

    clause("K-events-many", "A stream may be as long as it likes, and is read whole", async (t) => {
      const { events } = await t.store();
      for (let i = 0; i < 3; i++) await events.append("s", numbered(1000, i * 1000 + 1));
      equal(
        dataOf(await events.read("s").toArray()),
        Array.from({ length: 3000 }, (_, i) => i + 1),
        "the data",
      );
      equal(dataOf(await events.read("s", { from: 2999 }).toArray()), [2999, 3000], "the data at the end");
    }),

    ...expectations.map(([slug, expectedVersion, onEmpty, onThree]) => {
      const answer = (met: boolean) => (met ? "met" : "CONFLICT");
      return clause(
        `K-events-expected-${slug}`,
        [
          "An append is done where its expectedVersion holds, and is CONFLICT where not",
          `${JSON.stringify(expectedVersion)} is ${answer(onEmpty)} without events, and ${answer(onThree)} with three`,
        ],
        async (t) => {
          const store = await t.store();
          await store.events.append("three", numbered(3));
          for (const [stream, count, isMet] of [
            ["none", 0, onEmpty],
            ["three", 3, onThree],
          ] as const) {
            const append = () =>
              store.events.append(stream, event("new"), { expectedVersion: expectedVersion as never });
            if (isMet) equal((await append()).version, count + 1, `the version in ${stream}`);
            else await refused(append, "CONFLICT", `append to ${stream}`);
            equal(await store.events.head(stream), isMet ? count + 1 : count, `the head of ${stream}`);
          }
        },
      );
    }),

    clause(
      "K-events-expected-bad",
      "An expectedVersion that is malformed, or given as undefined, is refused before any I/O",
      async (t) => {
        const watched = await t.watched();
        for (const expectedVersion of [undefined, null, -1, 1.5, Number.NaN, "1", "nostream", {}]) {
          const append = (s: Store) => s.events.append("s", event(1), { expectedVersion: expectedVersion as never });
          await refusedBeforeIo(watched, append, "INVALID_ARGUMENT", `expectedVersion: ${String(expectedVersion)}`);
        }
      },
    ),

    clause("K-events-expected-race", "Of many appends that expect the same version one wins", async (t) => {
      const { events } = await t.store();
      for (let version = 0; version < 5; version++) {
        const tries = Array.from({ length: 8 }, (_, i) => events.append("s", event(i), { expectedVersion: version }));
        const results = await Promise.allSettled(tries);
        equal(results.filter(({ status }) => status === "fulfilled").length, 1, `how many won at version ${version}`);
      }
      equal(await events.head("s"), 5, "head");
    }),

    clause("K-events-conflict-writes-nothing", "An append that is refused leaves no hole and no event", async (t) => {
      const { events } = await t.store();
      await events.append("s", event(1));
      await refused(() => events.append("s", numbered(5), { expectedVersion: 0 }), "CONFLICT", "append");
      equal((await events.append("other", event(2))).position, 2, "the next position");
      equal((await events.append("s", event(3))).version, 2, "the next version");
    }),

    clause("K-events-again", "Appending the same ids again gives the first result and writes nothing", async (t) => {
      const { events } = await t.store();
      await events.append("other", event(0));
      const first = await events.append("s", withIds("a", "b"));
      await events.append("s", withIds("c"));
      const again = await events.append("s", withIds("a", "b"));
      equal(again, { ...first, duplicate: true }, "the answer");
      equal(first.duplicate, false, "duplicate in the first answer");
      equal(await events.head("s"), 3, "head");
    }),

    clause("K-events-again-whatever-expected", "The same ids again are answered whatever is expected", async (t) => {
      const { events } = await t.store();
      const first = await events.append("s", withIds("a", "b"), { expectedVersion: "noStream" });
      for (const expectedVersion of ["noStream", 0, 1, 99, "any", "streamExists"] as const) {
        const again = await events.append("s", withIds("a", "b"), { expectedVersion });
        equal(again, { ...first, duplicate: true }, `the answer, expecting ${expectedVersion}`);
      }
      equal(await events.head("s"), 2, "head");
    }),

    clause(
      "K-events-again-part",
      "A run of ids inside of what was appended is answered with its own place",
      async (t) => {
        const { events } = await t.store();
        await events.append("s", withIds("a", "b", "c", "d"));
        const answer = await events.append("s", withIds("b", "c"));
        equal(answer, { version: 3, position: 3, ids: ["b", "c"], duplicate: true }, "the answer");
      },
    ),

    clause(
      "K-events-again-across",
      "A run of ids over two appends that stand side by side is the same again",
      async (t) => {
        const { events } = await t.store();
        await events.append("s", withIds("a", "b"));
        await events.append("other", event(1));
        await events.append("s", withIds("c"));
        const answer = await events.append("s", withIds("b", "c"));
        equal(answer, { version: 3, position: 4, ids: ["b", "c"], duplicate: true }, "the answer");
      },
    ),

    ...(
      [
        ["some", ["b", "new"], "some known and some new ids"],
        ["some-first", ["new", "a"], "new ids before known ones"],
        ["order", ["b", "a"], "known ids in another order"],
        ["gap", ["a", "c"], "known ids that do not stand side by side"],
        ["beyond", ["b", "c", "d"], "more ids than were appended"],
      ] as const
    ).map(([slug, ids, what]) =>
      clause(
        `K-events-again-${slug}`,
        ["An append that repeats known ids in part, or not side by side, is CONFLICT and writes nothing", what],
        async (t) => {
          const { events } = await t.store();
          await events.append("s", withIds("a", "b", "c"));
          await refused(() => events.append("s", withIds(...ids)), "CONFLICT", "append");
          equal(await events.head(), 3, "head");
        },
      ),
    ),

    clause("K-events-ids-by-stream", "Ids are unique in their stream, and free in another", async (t) => {
      const { events } = await t.store();
      await events.append("s", withIds("a"));
      equal((await events.append("other", withIds("a"))).duplicate, false, "duplicate in another stream");
      equal(await events.head(), 2, "head");
    }),

    clause("K-events-again-race", "Many appends of the same ids at once write them once", async (t) => {
      const { events } = await t.store();
      const answers = await Promise.all(Array.from({ length: 10 }, () => events.append("s", withIds("a", "b"))));
      equal(answers.filter(({ duplicate }) => !duplicate).length, 1, "how many wrote");
      equal(new Set(answers.map(({ version }) => version)).size, 1, "how many versions were answered");
      equal(await events.head(), 2, "head");
    }),

    clause("K-events-again-reopened", "The same ids are known again after the store was opened anew", async (t) => {
      const place = t.place();
      const first = await (await place.open()).events.append("s", withIds("a", "b"));
      await place.close();
      const { events } = await place.open();
      equal(await events.append("s", withIds("a", "b")), { ...first, duplicate: true }, "the answer");
      const { version, position, duplicate } = await events.append("s", event(3));
      equal([version, position, duplicate], [3, 3, false], "the next append");
    }),

    clause("K-events-tags-set", "A tag given twice is there once", async (t) => {
      const { events } = await t.store();
      await events.append("s", event(1, { tags: ["a", "b", "a"] }));
      equal((await events.read("s").toArray())[0]?.tags, ["a", "b"], "tags");
    }),

    ...badAppends.map(([slug, bad, code, what]) =>
      clause(`K-events-append-bad-${slug}`, ["append refuses what are no events before any I/O", what], async (t) => {
        await refusedBeforeIo(await t.watched(), (s) => s.events.append("s", bad as NewEvent), code, "append");
      }),
    ),

    clause("K-events-time", "The time of an event is that of its append, the same for all of a batch", async (t) => {
      const { events } = await t.store();
      const first = new Date(t.clock.now());
      await events.append("s", numbered(2));
      t.clock.advance(500);
      await events.append("s", event(3));
      const times = (await events.read("s").toArray()).map(({ time }) => time);
      equal(times, [first, first, new Date(t.clock.now())], "the times");
    }),

    clause("K-events-time-never-back", "The time never goes back, also where the clock does", async (t) => {
      const { events } = await t.store();
      const first = new Date(t.clock.now());
      await events.append("s", event(1));
      t.clock.advance(-60_000);
      await events.append("s", event(2));
      await events.append("other", event(3));
      t.clock.advance(120_000);
      await events.append("s", event(4));
      const times = (await events.readAll().toArray()).map(({ time }) => time);
      equal(times, [first, first, first, new Date(first.getTime() + 60_000)], "the times");
    }),

    clause(
      "K-events-gapless",
      "Appends that run at once get positions and versions without holes and twice none",
      async (t) => {
        const { events } = await t.store();
        const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => events.append(`s${i % 7}`, event(i))));
        const positions = answers.map(({ position }) => position).sort((a, b) => a - b);
        equal(
          positions,
          Array.from({ length: 120 }, (_, i) => i + 1),
          "the positions",
        );
        const all = await events.readAll().toArray();
        for (const answer of answers)
          equal(all[answer.position - 1]?.id, answer.ids[0], "the event at an answered position");
        for (let s = 0; s < 7; s++) {
          const versions = all.filter(({ stream }) => stream === `s${s}`).map(({ version }) => version);
          equal(
            versions,
            versions.map((_, i) => i + 1),
            `the versions of s${s}`,
          );
        }
      },
    ),

    clause(
      "K-events-no-late-position",
      "Who has read up to a position never meets a new event at or below it",
      async (t) => {
        const { events } = await t.store();
        let writing = true;
        const write = async (writer: number) => {
          for (let i = 0; i < 30; i++)
            await events.append(
              `s${writer}`,
              Array.from({ length: (i % 3) + 1 }, () => event(i)),
            );
        };
        const writers = Promise.all([1, 2, 3, 4].map(write)).finally(() => {
          writing = false;
        });
        const seen: number[] = [];
        for (let last = false; !last; ) {
          last = !writing;
          for await (const { position } of events.readAll({ after: seen.at(-1) ?? 0 })) seen.push(position);
          await new Promise((resolve) => setTimeout(resolve));
        }
        await writers;
        equal(
          seen,
          Array.from({ length: await events.head() }, (_, i) => i + 1),
          "the positions that the reader met",
        );
      },
    ),

    clause("K-events-read-your-writes", "What was appended is read at once, by every reader", async (t) => {
      const { events } = await t.store();
      for (let i = 1; i <= 15; i++) {
        const { version, position } = await events.append("s", event(i));
        const [inStream, inAll, head, heads, streams] = await Promise.all([
          events.read("s", { direction: "backward", limit: 1 }).toArray(),
          events.readAll({ direction: "backward", limit: 1 }).toArray(),
          events.head("s"),
          events.head(),
          events.streams().toArray(),
        ]);
        const found = [inStream[0]?.version, inAll[0]?.position, head, heads, streams[0]?.version];
        equal(found, [version, position, version, position, version], "what the readers found");
      }
    }),

    clause("K-events-copies", "Events that are read are copies", async (t) => {
      const { events } = await t.store();
      await events.append("s", event([1], { metadata: { a: [1] }, tags: ["a"] }));
      const first = present((await events.read("s").toArray())[0], "the event");
      (first.data as number[]).push(2);
      (first.metadata.a as number[]).push(2);
      (first.tags as string[]).push("b");
      const again = present((await events.read("s").toArray())[0], "the event");
      identical([again.data, again.metadata, again.tags], [[1], { a: [1] }, ["a"]], "data, metadata and tags");
    }),
  ],
};
