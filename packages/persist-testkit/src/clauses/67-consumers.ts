/** Consumers: every event is handled, in order, whatever fails. */
import type { ConsumeOptions, Store, StoredEvent } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { collect, count, gated } from "../consuming.ts";
import { eventually, inTime } from "../eventually.ts";
import { dataOf, event, numbered } from "../sample-events.ts";
import { refusedBeforeIo } from "../untouched.ts";

export const consumers: Chapter = {
  section: "67",
  title: "Consumers",
  clauses: [
    clause(
      "K-consume-order",
      "A consumer gets every event, once, in the order of positions, old and new",
      async (t) => {
        const store = await t.store();
        await store.events.append("a", numbered(150));
        await store.events.append("b", numbered(150, 151));
        const seen: StoredEvent[] = [];
        const attempts = new Set<number>();
        const consumer = store.events.consume("c", async (stored, { attempt }) => {
          seen.push(stored);
          attempts.add(attempt);
        });
        await eventually(() => seen.length === 300, "the old ones are handled");
        for (let i = 301; i <= 320; i++) await store.events.append(i % 2 ? "a" : "b", event(i));
        await eventually(() => seen.length === 320, "the new ones are handled");
        await consumer.stop();
        equal(
          seen.map(({ position }) => position),
          count(320),
          "the positions",
        );
        equal(seen, await store.events.readAll().toArray(), "the events, as a reader sees them");
        equal([...attempts], [1], "the attempts");
        equal([consumer.position, consumer.lag], [320, 0], "position and lag");
      },
    ),

    clause("K-consume-goes-on", "A name goes on where it was, also when the store is opened again", async (t) => {
      const place = t.place();
      const store = await place.open();
      await store.events.append("s", numbered(3));
      const first = collect(store);
      await eventually(() => first.seen.length === 3, "three are handled");
      await first.stop();
      await store.events.append("s", numbered(2, 4));
      await place.close();
      const again = await place.open();
      const second = collect(again, { from: "end" });
      const other = collect(again, {}, "other");
      await eventually(() => second.seen.length === 2 && other.seen.length === 5, "the others are handled");
      await second.stop();
      equal(
        [first.seen, second.seen, other.seen],
        [
          [1, 2, 3],
          [4, 5],
          [1, 2, 3, 4, 5],
        ],
        "who got what",
      );
    }),

    clause("K-consume-from-end", "A new name that begins at the end gets what is appended from then on", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(3));
      const consumer = collect(store, { from: "end" });
      // A backend at a distance takes a while to say where the end is.
      let last = 3;
      await eventually(async () => {
        await store.events.append("s", event(++last));
        return consumer.seen.length > 1;
      }, "the next are handled");
      await consumer.stop();
      const first = consumer.seen[0] as number;
      holds(first > 3, `it begins after what was there (at ${first})`);
      equal(consumer.seen, count(consumer.position).slice(first - 1), "what it got");
    }),

    clause("K-consume-filter", "What a filter leaves out is passed over, and does not come back", async (t) => {
      const store = await t.store();
      for (let i = 1; i <= 1200; i += 400) await store.events.append("s", numbered(400, i));
      await store.events.append("s", event("hit", { type: "hit", tags: ["x"] }));
      await store.events.append("s", numbered(10));
      const filter = { types: ["hit"], tags: ["x"] };
      const consumer = collect(store, { filter, batchSize: 5 });
      await eventually(() => consumer.position === 1211, "it is at the end");
      equal([consumer.seen, consumer.lag], [["hit"], 0], "what it got, and its lag");
      await consumer.stop();
      const again = collect(store);
      await store.events.append("s", event("next"));
      await eventually(() => again.seen.length > 0, "the next is handled");
      await again.stop();
      equal(again.seen, ["next"], "what the same name gets without a filter");
    }),

    clause("K-consume-again", "What fails is tried again after a pause, before anything later", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(4));
      const calls: unknown[] = [];
      const times: number[] = [];
      const consumer = store.events.consume("c", async ({ data }, { attempt }) => {
        calls.push([data, attempt]);
        if (data !== 2 || attempt > 3) return;
        times.push(t.clock.now());
        throw new Error("not yet");
      });
      await inTime(t, store, () => calls.length === 7, "all are handled");
      await consumer.stop();
      const expected = [
        [1, 1],
        [2, 1],
        [2, 2],
        [2, 3],
        [2, 4],
        [3, 1],
        [4, 1],
      ];
      equal(calls, expected, "what was handled, and how often");
      const [one = 0, two = 0, three = 0] = times;
      holds(one < two && two < three, "there is time between the attempts");
    }),

    clause(
      "K-consume-dead-letter",
      "What fails too often is put aside with the reason, and the rest goes on",
      async (t) => {
        const store = await t.store();
        await store.events.append("s", [
          event(1),
          event({ two: 2n }, { type: "odd", id: "id", tags: ["x"], metadata: { by: "me" } }),
          event(3),
        ]);
        const seen: unknown[] = [];
        const consumer = store.events.consume(
          "c",
          async ({ type, data }) => {
            if (type === "odd") throw new TypeError("cannot");
            seen.push(data);
          },
          { maxAttempts: 3, deadLetter: "dead" },
        );
        await inTime(t, store, () => seen.length === 2, "the rest is handled");
        await store.events.append("s", event(4));
        await inTime(t, store, () => seen.length === 3, "the next is handled");
        await consumer.stop();
        equal(seen, [1, 3, 4], "what was handled");
        const [letter, another] = await store.events.read("dead").toArray();
        equal(another, undefined, "another letter");
        equal([letter?.type, letter?.data, letter?.tags], ["odd", { two: 2n }, ["x"]], "the copy");
        const { deadLetter, ...metadata } = letter?.metadata ?? {};
        equal(metadata, { by: "me" }, "its own metadata");
        const { error, ...about } = deadLetter as { error: { name: string; message: string } };
        equal(about, { consumer: "c", stream: "s", id: "id", version: 2, position: 2, attempts: 3 }, "the place");
        equal([error.name, error.message], ["TypeError", "cannot"], "the reason");
      },
    ),

    clause(
      "K-consume-stops",
      "Without a place for it the consumer stops there, and stop throws the reason",
      async (t) => {
        const store = await t.store();
        await store.events.append("s", numbered(3));
        const reason = new Error("cannot");
        const attempts: number[] = [];
        const failing = (consumed: Store) =>
          consumed.events.consume(
            "c",
            async ({ data }, { attempt }) => {
              if (data !== 2) return;
              attempts.push(attempt);
              throw reason;
            },
            { maxAttempts: 2 },
          );
        const consumer = failing(store);
        await inTime(t, store, () => attempts.length === 2, "it is tried twice");
        const thrown = await consumer.stop().catch((error: unknown) => error);
        equal(thrown === reason, true, "whether stop throws what the handler threw");
        await consumer.stop();
        equal(consumer.position, 1, "the position");
        const again = failing(store);
        await inTime(t, store, () => attempts.length === 4, "it is tried twice again");
        await again.stop().catch(() => undefined);
        equal(attempts, [1, 2, 1, 2], "the attempts");
        const next = collect(store);
        await eventually(() => next.seen.length === 2, "another goes on there");
        await next.stop();
        equal(next.seen, [2, 3], "what the other got");
      },
    ),

    clause(
      "K-consume-exactly-once",
      "With exactlyOnce what the handler writes and the checkpoint are one",
      async (t) => {
        const store = await t.store();
        await store.events.append("s", numbered(30));
        const consumer = store.events.consume(
          "c",
          async ({ data }, { tx, attempt }) => {
            await tx?.kv.increment("sum", data as number);
            await tx?.events.append("log", event(data, { type: "handled" }));
            if ((data as number) % 10 === 0 && attempt < 3) throw new Error("not yet");
          },
          { exactlyOnce: true, filter: { types: ["t"] } },
        );
        await inTime(t, store, () => consumer.position >= 30, "all are handled");
        await consumer.stop();
        equal(await store.kv.get("sum"), 465, "the sum");
        equal(dataOf(await store.events.read("log").toArray()), count(30), "the log");
      },
    ),

    clause(
      "K-consume-exactly-once-race",
      "Who writes the same meanwhile makes the handler run again, not its effect",
      async (t) => {
        const store = await t.store();
        await store.events.append("s", numbered(5));
        let runs = 0;
        const consumer = store.events.consume(
          "c",
          async ({ data }, { tx, attempt }) => {
            equal(attempt, 1, "the attempt");
            const sum = (await tx?.kv.get<number>("sum")) ?? 0;
            if (++runs % 2 === 1) await store.kv.increment("sum", 100);
            await tx?.kv.set("sum", sum + (data as number));
          },
          { exactlyOnce: true },
        );
        await eventually(() => consumer.position === 5, "all are handled");
        await consumer.stop();
        equal([runs, await store.kv.get("sum")], [10, 515], "how often it ran, and the sum");
      },
    ),

    clause("K-consume-pause", "Paused, it begins nothing, and goes on with resume", async (t) => {
      const store = await t.store();
      const consumer = collect(store);
      await store.events.append("s", numbered(2));
      await eventually(() => consumer.seen.length === 2, "it works");
      consumer.pause();
      await store.events.append("s", event(3));
      for (let i = 0; i < 20; i++) await store.kv.set("tick", i); // each wakes whoever waits
      equal(consumer.seen, [1, 2], "what it got while paused");
      consumer.resume();
      await eventually(() => consumer.seen.length === 3, "it goes on");
      await consumer.stop();
    }),

    clause("K-consume-reset", "reset lets it go on after another position, back or ahead", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(6));
      const consumer = collect(store);
      await eventually(() => consumer.seen.length === 6, "all are handled");
      await consumer.reset(4);
      await eventually(() => consumer.seen.length === 8, "two are handled again");
      consumer.pause();
      await consumer.reset(0);
      await consumer.reset(5);
      consumer.resume();
      await eventually(() => consumer.seen.length === 9, "one is handled again");
      await refused(() => consumer.reset(7), "INVALID_ARGUMENT", "beyond the end");
      for (const to of [-1, 0.5, Number.NaN, "1"]) {
        await refused(() => consumer.reset(to as number), "INVALID_ARGUMENT", `to ${to}`);
      }
      await consumer.stop();
      equal(consumer.seen, [1, 2, 3, 4, 5, 6, 5, 6, 6], "what was handled");
    }),

    clause("K-consume-reset-meanwhile", "A reset counts, and not what was being handled meanwhile", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(4));
      const { begun, letGo, wait } = gated();
      const seen: unknown[] = [];
      const consumer = store.events.consume("c", async ({ data }) => {
        seen.push(data);
        if (data === 3) await wait();
      });
      await begun;
      await consumer.reset(1);
      letGo();
      await eventually(() => consumer.position === 4, "it is at the end");
      await consumer.stop();
      equal(seen, [1, 2, 3, 2, 3, 4], "what was handled");
    }),

    clause("K-consume-close", "Closing waits for the handler, and keeps what it has done", async (t) => {
      const place = t.place();
      const store = await place.open();
      await store.events.append("s", numbered(3));
      const { begun, letGo, wait } = gated();
      const seen: unknown[] = [];
      const consumer = store.events.consume("c", async ({ data }) => {
        seen.push(data);
        if (data === 2) await wait();
      });
      await begun;
      let isClosed = false;
      const closing = store.close().then(() => {
        isClosed = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
      equal(isClosed, false, "whether it is closed before the handler ends");
      letGo();
      await closing;
      await consumer.stop();
      equal(seen, [1, 2], "what was handled");
      await refused(() => store.events.consume("c", async () => undefined), "CLOSED", "consume");
      await refused(() => consumer.reset(0), "CLOSED", "reset");
      const again = collect(await place.open());
      await eventually(() => again.seen.length > 0, "the next is handled");
      equal(again.seen, [3], "what comes next");
      await again.stop();
    }),

    clause("K-consume-signal", "The signal stops a consumer as stop does", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(2));
      const controller = new AbortController();
      const consumer = collect(store, { signal: controller.signal });
      await eventually(() => consumer.position === 2, "it works");
      controller.abort();
      await consumer.stop();
      const next = collect(store);
      await store.events.append("s", event(3));
      await eventually(() => next.seen.length > 0, "another goes on at once");
      await next.stop();
      equal([consumer.seen, next.seen], [[1, 2], [3]], "who got what");
    }),

    clause("K-consume-erased", "Erased events are no obstacle", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(5));
      await store.events.append("t", event(6));
      await store.events.truncate("s", 4);
      await store.events.deleteStream("t");
      const consumer = collect(store);
      await store.events.append("t", event(7));
      await eventually(() => consumer.position === 7, "it is at the end");
      await consumer.stop();
      equal(consumer.seen, [4, 5, 7], "what it got");
    }),

    clause("K-consume-refused", "What is no consumer is refused before any I/O", async (t) => {
      const watched = await t.watched();
      const handler = async () => undefined;
      const bad: readonly object[] = [
        { from: "middle" },
        { batchSize: 0 },
        { batchSize: 1.5 },
        { maxAttempts: 0 },
        { exactlyOnce: "yes" },
        { filter: { type: "t" } },
        { filter: null },
        { deadletter: "d" },
        { timeout: "soon" },
      ];
      for (const o of bad) {
        const consume = (s: Store) => s.events.consume("c", handler, o as ConsumeOptions);
        await refusedBeforeIo(watched, consume, "INVALID_ARGUMENT", JSON.stringify(o));
      }
      const nothing = (s: Store) => s.events.consume("c", undefined as never);
      await refusedBeforeIo(watched, nothing, "INVALID_ARGUMENT", "no handler");
      for (const name of ["", "x".repeat(129), 5]) {
        const consume = (s: Store) => s.events.consume(name as string, handler);
        await refusedBeforeIo(watched, consume, "INVALID_KEY", `the name ${String(name).slice(0, 9)}`);
      }
      const noStream = (s: Store) => s.events.consume("c", handler, { deadLetter: "" });
      await refusedBeforeIo(watched, noStream, "INVALID_KEY", "no dead letter stream");
    }),
  ],
};
