/** Subscriptions: the events that are there, and then those that come, each once. */
import type { Store, StoredEvent, SubscribeOptions } from "@cuitty/persist-core";
import { equal, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { follow, take } from "../following.ts";
import { arrive } from "../peer-needs.ts";
import { dataOf, event, filled, numbered } from "../sample-events.ts";

const starts: readonly (readonly [slug: string, o: SubscribeOptions, data: readonly unknown[]])[] = [
  ["start", { stream: "s", after: "start" }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "new"]],
  ["zero", { stream: "s", after: 0 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "new"]],
  ["version", { stream: "s", after: 8 }, [9, 10, "new"]],
  ["end", { stream: "s", after: "end" }, ["new"]],
  ["default", { stream: "s" }, ["new"]],
  ["ahead", { stream: "s", after: 10 }, ["new"]],
  ["position", { after: 13 }, ["other 10", 10, "new"]],
  ["all-end", {}, ["new"]],
  ["tags", { after: "start", filter: { tags: ["seen"] } }, ["new"]],
  ["types", { after: 10, filter: { types: ["t"], streamPrefix: "o" } }, ["other 9", "other 10"]],
];

/** Sixteen writers at once, each to a stream of its own and to one that all share. */
async function appendAtOnce(store: Store, rounds: number): Promise<void> {
  const writer = async (w: number) => {
    for (let i = 0; i < rounds; i++) {
      await store.events.append(`s${w}`, numbered(1 + (i % 3)));
      await store.events.append("shared", event(w));
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, w) => writer(w)));
}

const positions = (events: readonly StoredEvent[]) => events.map(({ position }) => position);

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

export const subscribe: Chapter = {
  section: "64",
  title: "Subscribing to events",
  clauses: [
    ...starts.map(([slug, o, data]) =>
      clause(
        `K-subscribe-from-${slug}`,
        [
          "subscribe gives the events after `after` that pass the filter, and then those that are appended",
          `${JSON.stringify(o).replaceAll('"', "")} gives ${data.join(", ")}`,
        ],
        async (t) => {
          const store = await filled(await t.store());
          const { seen, until } = await follow(store.events.subscribe(o));
          await store.events.append("s", event("new", { tags: ["seen"] }));
          await until(() => seen.length >= data.length);
          equal(dataOf(seen), data, "the data");
        },
      ),
    ),

    clause("K-subscribe-event", "subscribe gives events as read does", async (t) => {
      const { events } = await t.store();
      const { seen, until } = await follow(events.subscribe());
      await events.append("s", { type: "t", data: { n: -0 }, tags: ["a"], metadata: { by: "kit" } });
      await until(() => seen.length === 1);
      equal(seen, await events.read("s").toArray(), "the events");
    }),

    clause(
      "K-subscribe-new-stream",
      "A stream may be subscribed to before it has events; those of other streams are not given",
      async (t) => {
        const { events } = await t.store();
        const { seen, until } = await follow(events.subscribe({ stream: "s", after: "start" }));
        await events.append("other", numbered(3));
        await events.append("s", numbered(2));
        await until(() => seen.length === 2);
        equal(dataOf(seen), [1, 2], "the data");
      },
    ),

    clause("K-subscribe-after-beyond", "Events up to a number that is still to come are passed over", async (t) => {
      const { events } = await t.store();
      const { seen, until } = await follow(events.subscribe({ after: 3 }));
      await events.append("s", numbered(2));
      await events.append("s", numbered(3, 3));
      await until(() => seen.length === 2);
      equal(dataOf(seen), [4, 5], "the data");
    }),

    clause(
      "K-subscribe-many-writers",
      "Who subscribes while sixteen append gets every event once, in the order of positions",
      async (t) => {
        const store = await t.store();
        await store.events.append("shared", numbered(700));
        const writing = appendAtOnce(store, 20);
        const fromStart = await follow(store.events.subscribe({ after: "start" }));
        await writing;
        const last = await store.events.head();
        await fromStart.until((seen) => (seen.at(-1)?.position ?? 0) >= last);
        equal(positions(fromStart.seen), upTo(last), "the positions");
      },
    ),

    clause(
      "K-subscribe-resumed",
      "Who goes on from the last position again and again, while sixteen append, gets every event once",
      async (t) => {
        const store = await t.store();
        const writing = appendAtOnce(store, 8);
        const total = 16 * (8 + 8 + 7); // of rounds 0 to 7: 1 + i % 3 events each, and one more
        const seen: StoredEvent[] = [];
        while (seen.length < total) {
          const after = seen.at(-1)?.position ?? "start";
          seen.push(...(await take(store.events.subscribe({ after }), Math.min(25, total - seen.length))));
        }
        await writing;
        equal(await store.events.head(), total, "the last position");
        equal(positions(seen), upTo(total), "the positions");
      },
    ),

    clause("K-subscribe-transaction", "Events of a transaction come when it commits, side by side", async (t) => {
      const store = await t.store();
      const { seen, until } = await follow(store.events.subscribe());
      await store.transaction(async (tx) => {
        await tx.events.append("s", event(1));
        await store.events.append("third", event("outside"));
        await tx.events.append("other", event(2));
      });
      await until(() => seen.length === 3);
      equal(dataOf(seen), ["outside", 1, 2], "the data");
    }),

    clause(
      "K-subscribe-reopened",
      "A position goes on right after its event when the store was opened again",
      async (t) => {
        const place = t.place();
        const store = await place.open();
        await store.events.append("s", numbered(5));
        const [first] = await take(store.events.subscribe({ after: 2 }), 1);
        await place.close();
        const again = await place.open();
        await again.events.append("s", event(6));
        equal(
          dataOf(await take(again.events.subscribe({ after: first?.position as number }), 3)),
          [4, 5, 6],
          "the data",
        );
      },
    ),

    clause("K-subscribe-two-stores", "What another store over the same data appends is given too", async (t) => {
      const place = t.place();
      const here = await place.open();
      const there = await place.openBeside();
      const { seen, until } = await follow(here.events.subscribe());
      for (let i = 1; i <= 6; i++) {
        await (i % 2 === 0 ? here : there).events.append("s", event(i));
        await arrive(place, here);
      }
      await until(() => seen.length === 6);
      equal(dataOf(seen), [1, 2, 3, 4, 5, 6], "the data");
    }),

    clause("K-subscribe-erased", "Events that were erased are passed over", async (t) => {
      const { events } = await t.store();
      await events.append("s", numbered(1000));
      await events.append("s", numbered(3, 1001));
      await events.truncate("s", 1002);
      equal(dataOf(await take(events.subscribe({ after: "start" }), 2)), [1002, 1003], "of all streams");
      equal(dataOf(await take(events.subscribe({ stream: "s", after: 5 }), 2)), [1002, 1003], "of the stream");
    }),

    clause("K-subscribe-ended", "break, close, a signal and closing the store end a subscription", async (t) => {
      const store = await filled(await t.place().open());
      const broken = store.events.subscribe({ after: "start" });
      equal((await take(broken, 2)).length, 2, "events before break");
      equal(await Array.fromAsync(broken), [], "events afterwards");
      const closed = store.events.subscribe();
      const waiting = await follow(closed);
      await closed.close();
      equal(await waiting.ended, undefined, "what a closed one throws");
      const controller = new AbortController();
      const { ended } = await follow(store.events.subscribe({ signal: controller.signal }));
      controller.abort();
      await refused(async () => Promise.reject(await ended), "ABORTED", "what an aborted one throws");
      const last = await follow(store.events.subscribe());
      await store.close();
      equal(await last.ended, undefined, "what one throws whose store is closed");
      await refused(async () => store.events.subscribe(), "CLOSED", "subscribing to a closed store");
    }),

    clause("K-subscribe-bad-input", "What is malformed is refused at the call", async (t) => {
      const { events } = await t.store();
      for (const after of [-1, 1.5, Number.NaN, "1", "begin", null]) {
        await refused(async () => events.subscribe({ after: after as never }), "INVALID_ARGUMENT", `after ${after}`);
      }
      await refused(async () => events.subscribe({ from: 1 } as never), "INVALID_ARGUMENT", "an option of read");
      await refused(async () => events.subscribe({ filter: { type: "t" } as never }), "INVALID_ARGUMENT", "a filter");
      await refused(async () => events.subscribe({ stream: "" }), "INVALID_KEY", "an empty stream");
    }),
  ],
};
