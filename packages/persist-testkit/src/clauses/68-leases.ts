/** The lease of a consumer: of all who have its name one works, and another goes on where it was lost. */
import { openEngine, type Store, type StoredEvent } from "@cuitty/persist-core";
import { equal, holds } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { createClock } from "../clock.ts";
import { collect, count, gated } from "../consuming.ts";
import { eventually } from "../eventually.ts";
import { needOneCopy } from "../peer-needs.ts";
import { storeName } from "../place.ts";
import { event, numbered } from "../sample-events.ts";

export const leases: Chapter = {
  section: "68",
  title: "Leases of consumers",
  clauses: [
    clause(
      "K-consume-one-of-two",
      "Of two with one name one works, and the other takes over when it stops",
      async (t) => {
        needOneCopy(t, "consumers");
        const place = t.place();
        const [one, two] = [await place.open(), await place.openBeside()];
        await one.events.append("s", numbered(20));
        const first = collect(one);
        await eventually(() => first.seen.length === 20, "the first works");
        const second = collect(two);
        await two.events.append("s", numbered(20, 21));
        await eventually(() => first.seen.length === 40, "the first goes on");
        equal(second.seen, [], "what the second got");
        await first.stop();
        await two.events.append("s", numbered(20, 41));
        await eventually(() => second.seen.length === 20, "the second takes over");
        await second.stop();
        equal([...first.seen, ...second.seen], count(60), "what both got");
      },
    ),

    clause(
      "K-consume-takeover",
      "When its lease has ended another takes over, and a late owner cannot set it back",
      async (t) => {
        needOneCopy(t, "consumers");
        const place = t.place();
        const ahead = createClock(t.clock.now());
        const [one, two] = [await place.open(), await place.openBeside({ clock: ahead })];
        await one.events.append("s", numbered(3));
        const { begun, letGo, wait } = gated();
        const late: unknown[] = [];
        const stall = async ({ data }: StoredEvent) => {
          late.push(data);
          await wait();
        };
        const stalled = one.events.consume("c", stall, { batchSize: 1 });
        await begun;
        const second = collect(two);
        ahead.advance(31_000);
        await two.kv.set("tick", 1);
        await eventually(() => second.seen.length === 3, "the other takes over");
        await eventually(() => second.position === 3, "it has got its checkpoint");
        letGo();
        await two.events.append("s", event(4));
        await eventually(() => second.seen.length === 4, "the other goes on");
        await Promise.all([stalled.stop(), second.stop()]);
        equal([late, second.seen], [[1], [1, 2, 3, 4]], "who got what");
        const next = collect(two);
        await two.events.append("s", event(5));
        await eventually(() => next.seen.length > 0, "the next is handled");
        await next.stop();
        equal(next.seen, [5], "what comes next");
      },
    ),

    clause("K-consume-takeover-once", "A late owner's effect is undone where it was to happen once", async (t) => {
      needOneCopy(t, "consumers");
      const place = t.place();
      const ahead = createClock(t.clock.now());
      const [one, two] = [await place.open(), await place.openBeside({ clock: ahead })];
      await one.events.append("s", numbered(3));
      const { begun, letGo, wait } = gated();
      const consume = (store: Store, pause: () => Promise<void>) =>
        store.events.consume(
          "c",
          async ({ data }, { tx }) => {
            await tx?.kv.increment("sum", data as number);
            await pause();
          },
          { exactlyOnce: true },
        );
      const stalled = consume(one, wait);
      await begun;
      const second = consume(two, async () => undefined);
      ahead.advance(31_000);
      await two.kv.set("tick", 1);
      await eventually(() => second.position === 3, "the other takes over");
      letGo();
      await Promise.all([stalled.stop(), second.stop()]);
      equal(await two.kv.get("sum"), 6, "the sum");
    }),

    clause("K-consume-renewed", "A lease is renewed while a handler takes longer than it lasts", async (t) => {
      needOneCopy(t, "consumers");
      const place = t.place();
      const [one, two] = [await place.open(), await place.openBeside()];
      await one.events.append("s", numbered(2));
      const { begun, letGo, wait } = gated();
      const calls: unknown[] = [];
      const slow = one.events.consume("c", async ({ data }) => {
        calls.push(data);
        await wait();
      });
      await begun;
      const second = collect(two);
      const engine = await openEngine(await place.adapter(), { name: storeName, namespace: "" });
      const leaseEnd = async () => {
        const [row] = await engine.read("system", ["consumers/c"], t.engineOptions());
        return (JSON.parse(row?.value ?? "{}") as { until?: number }).until ?? 0;
      };
      for (let i = 0; i < 10; i++) {
        t.clock.advance(11_000);
        await one.kv.set("tick", i);
        await eventually(async () => (await leaseEnd()) === t.clock.now() + 30_000, "the lease is renewed");
      }
      await engine.close();
      equal(second.seen, [], "what the other got in three times the lease");
      letGo();
      await eventually(() => slow.position === 2, "the slow one goes on");
      await Promise.all([slow.stop(), second.stop()]);
      equal([calls, second.seen], [[1, 2], []], "who got what");
    }),

    clause(
      "K-consume-crash",
      "After a crash everything that was not kept is handled again, and nothing is left out",
      async (t) => {
        if (t.harness.crash === undefined) t.skip("the harness has no crash");
        const place = t.place();
        const store = await place.open();
        await store.events.append("s", numbered(25));
        const { begun, wait } = gated();
        const seen: unknown[] = [];
        store.events.consume(
          "c",
          async ({ data }) => {
            seen.push(data);
            if (data === 17) await wait();
          },
          { batchSize: 5 },
        );
        await begun;
        await place.crash();
        t.clock.advance(31_000);
        const again = collect(await place.open());
        await eventually(() => again.seen.at(-1) === 25, "the rest is handled");
        await again.stop();
        const first = again.seen[0] as number;
        holds(first > 1 && first <= 17, `it goes on after a checkpoint (at ${first})`);
        equal(again.seen, count(25).slice(first - 1), "what was handled after the crash");
      },
    ),
  ],
};
