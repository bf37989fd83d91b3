/** An append that is refused when something else has happened. */
import type { AppendOptions, EventFilter, Store } from "@cuitty/persist-core";
import { equal, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { event, read } from "../sample-events.ts";
import { refusedBeforeIo } from "../untouched.ts";

const hits: readonly (readonly [slug: string, match: EventFilter])[] = [
  ["anything", {}],
  ["type", { types: ["other", "booked"] }],
  ["tags", { tags: ["seat:7"] }],
  ["all-tags", { tags: ["seat:7", "row:1"] }],
  ["stream", { streamPrefix: "show/" }],
  ["everything", { types: ["booked"], tags: ["seat:7"], streamPrefix: "show/1" }],
];

const misses: readonly (readonly [slug: string, match: EventFilter])[] = [
  ["type", { types: ["cancelled"] }],
  ["no-type", { types: [] }],
  ["tag", { tags: ["seat:8"] }],
  ["one-tag-of-two", { tags: ["seat:7", "row:2"] }],
  ["stream", { streamPrefix: "shows" }],
  ["part", { types: ["booked"], tags: ["seat:8"] }],
];

const booked = event("first", { type: "booked", tags: ["seat:7", "row:1"] });

export const failIf: Chapter = {
  section: "61",
  title: "failIf",
  clauses: [
    ...hits.map(([slug, match]) =>
      clause(
        `K-fail-if-${slug}`,
        ["failIf refuses an append where an event matches its filter", `${JSON.stringify(match)} matches`],
        async (t) => {
          const { events } = await t.store();
          await events.append("show/1", booked);
          const append = () => events.append("s", event("second"), { failIf: { match } });
          const error = await refused(append, "CONFLICT", "the append");
          equal([error.outcome, error.key], ["not-applied", "s"], "what the error says");
          equal(await events.head("s"), 0, "the version");
        },
      ),
    ),

    ...misses.map(([slug, match]) =>
      clause(
        `K-fail-if-not-${slug}`,
        ["failIf lets an append happen where no event matches all of its filter", `${JSON.stringify(match)} does not`],
        async (t) => {
          const { events } = await t.store();
          await events.append("show/1", booked);
          equal((await events.append("s", event("second"), { failIf: { match } })).version, 1, "the version");
        },
      ),
    ),

    clause("K-fail-if-after", "Only events at positions greater than after count", async (t) => {
      const { events } = await t.store();
      const { position } = await events.append("show/1", [booked, booked]);
      const failIf = (after: number) => ({ failIf: { match: { tags: ["seat:7"] }, after } });
      await refused(() => events.append("s", event(0), failIf(0)), "CONFLICT", "after 0");
      await refused(() => events.append("s", event(1), failIf(position - 1)), "CONFLICT", "after the first");
      await events.append("s", event(2), failIf(position));
      await events.append("s", event(3), failIf(position + 100));
      equal(await events.head("s"), 2, "the version");
    }),

    clause("K-fail-if-race", "Of many who append on the same condition at once, one succeeds", async (t) => {
      const { events } = await t.store();
      const match = { tags: ["seat:7"] };
      const attempts = Array.from({ length: 20 }, (_, i) =>
        events.append(`visitor/${i}`, booked, { failIf: { match } }).then(
          () => "booked",
          () => "refused",
        ),
      );
      const answers = await Promise.all(attempts);
      equal(answers.filter((answer) => answer === "booked").length, 1, "how many succeeded");
      equal((await events.readAll({ filter: match }).toArray()).length, 1, "how many events there are");
    }),

    clause("K-fail-if-expected", "Both failIf and expectedVersion have to hold", async (t) => {
      const store = await t.store();
      const failIf = { match: { types: ["booked"] } };
      await store.events.append("s", event(1));
      await refused(
        () => store.events.append("s", event(2), { expectedVersion: 0, failIf }),
        "CONFLICT",
        "the version",
      );
      await store.events.append("s", event(2), { expectedVersion: 1, failIf });
      await store.events.append("t", booked);
      await refused(() => store.events.append("s", event(3), { expectedVersion: 2, failIf }), "CONFLICT", "failIf");
      equal(await read(store, "s"), [1, 2], "the events");
    }),

    clause("K-fail-if-again", "Appending the same ids again succeeds, although they match themselves", async (t) => {
      const { events } = await t.store();
      const append = () => events.append("s", { ...booked, id: "id" }, { failIf: { match: { types: ["booked"] } } });
      const first = await append();
      equal(await append(), { ...first, duplicate: true }, "the second answer");
    }),

    clause("K-fail-if-erased", "Erased events do not match", async (t) => {
      const { events } = await t.store();
      await events.append("show/1", [booked, event("later")]);
      await events.truncate("show/1", 2);
      await events.append("s", event("second"), { failIf: { match: { tags: ["seat:7"] } } });
      await refused(() => events.append("s", event("third"), { failIf: { match: {} } }), "CONFLICT", "what is left");
    }),

    clause(
      "K-fail-if-many",
      "The condition looks at every event after the position, however many there are",
      async (t) => {
        const { events } = await t.store();
        await events.append("show/1", booked);
        for (let i = 0; i < 3; i++)
          await events.append(
            "other",
            Array.from({ length: 500 }, (_, n) => event(n)),
          );
        const match = { tags: ["seat:7"] };
        await refused(() => events.append("s", event(1), { failIf: { match } }), "CONFLICT", "the first of many");
        await events.append("show/1", booked);
        await refused(
          () => events.append("s", event(1), { failIf: { match, after: 1 } }),
          "CONFLICT",
          "the last of many",
        );
      },
    ),

    clause(
      "K-fail-if-transaction",
      "In a transaction failIf is judged at once, and again with the commit",
      async (t) => {
        const store = await t.store();
        const match = { tags: ["seat:7"] };
        await store.events.append("show/1", booked);
        const late = () =>
          store.transaction(async (tx) => {
            await tx.kv.set("written", true);
            await tx.events.append("s", event(1), { failIf: { match } });
          });
        await refused(late, "CONFLICT", "what stands already");
        equal(await store.kv.get("written"), undefined, "the rest of the transaction");

        const own = () =>
          store.transaction(async (tx) => {
            await tx.events.append("show/2", booked);
            await tx.events.append("s", event(1), { failIf: { match, after: 1 } });
          });
        await refused(own, "CONFLICT", "what it appended itself");

        let runs = 0;
        const overtaken = () =>
          store.transaction(async (tx) => {
            runs++;
            await tx.events.append("s", event(1), { failIf: { match, after: 1 } });
            if (runs === 1) await store.events.append("show/3", booked);
          });
        await refused(overtaken, "CONFLICT", "what was appended before the commit");
        equal([runs, await store.events.head("s")], [2, 0], "how often it ran, and what it left");

        await store.transaction(async (tx) => {
          await tx.events.append("s", event(1), { failIf: { match, after: 2 } });
        });
        equal(await store.events.head("s"), 1, "one that holds");
      },
    ),

    clause("K-fail-if-refused", "What is no such condition is refused before any I/O", async (t) => {
      const watched = await t.watched();
      const bad: readonly (readonly [failIf: unknown, code?: "INVALID_KEY"])[] = [
        [undefined],
        [null],
        [{}],
        [{ match: undefined }],
        [{ match: "booked" }],
        [{ match: { type: "booked" } }],
        [{ match: { types: "booked" } }],
        [{ match: { tags: [1] } }, "INVALID_KEY"],
        [{ match: { streamPrefix: 5 } }, "INVALID_KEY"],
        [{ match: {}, after: -1 }],
        [{ match: {}, after: 1.5 }],
        [{ match: {}, after: "1" }],
        [{ match: {}, before: 1 }],
      ];
      for (const [failIf, code = "INVALID_ARGUMENT"] of bad) {
        const append = (s: Store) => s.events.append("s", event(1), { failIf } as AppendOptions);
        await refusedBeforeIo(watched, append, code, JSON.stringify(failIf) ?? "undefined");
      }
    }),
  ],
};
