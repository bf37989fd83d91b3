/** What becomes of events that peers have appended while they were apart, and of what is written together. */
import type { Change, Store, Watcher } from "@cuitty/persist-core";
import { equal, holds } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { eventually } from "../eventually.ts";
import { follow } from "../following.ts";
import { onBoth, openPeers, untilLater } from "../peers.ts";
import { event, numbered, read, withIds } from "../sample-events.ts";

const sorted = (events: readonly unknown[]) => events.map(String).sort();
const inS = async (store: Store) => sorted(await read(store, "s"));

/** Looks at what a watcher hands out, up to the last. */
async function each<T>(
  watcher: Watcher<T>,
  isLast: (item: T) => boolean,
  look: (item: T) => Promise<void>,
): Promise<void> {
  for await (const item of watcher) {
    await look(item);
    if (isLast(item)) break;
  }
}

export const eventsOfPeers: Chapter = {
  section: "86",
  title: "Events of peers, and what is written together",
  clauses: [
    clause("K-peers-events", "All have all events once, each peer's own in its order", async (t) => {
      const peers = await openPeers(t);
      const { a, b, apart } = peers;
      for (const round of [0, 10]) {
        await apart(async () => {
          for (let i = 1; i <= 5; i++) await a.events.append("s", event(`a${round + i}`));
          await b.events.append("s", numbered(5, round + 1));
        });
      }
      const numbers = [...numbered(5), ...numbered(5, 11)].map(({ data }) => data as number);
      for (const store of [a, b]) {
        const events = await store.events.read("s").toArray();
        const data = events.map((one) => one.data);
        equal(
          data.filter((one) => typeof one === "number"),
          numbers,
          "what one has appended",
        );
        equal(
          data.filter((one) => typeof one === "string"),
          numbers.map((n) => `a${n}`),
          "what the other has appended",
        );
        equal(
          events.map(({ version }) => version),
          events.map((_, i) => i + 1),
          "the versions, without gaps",
        );
      }
    }),

    clause(
      "K-peers-events-id",
      "Of events that were appended apart under one id one stands, the same on all",
      async (t) => {
        const peers = await openPeers(t);
        await peers.apart(async () => {
          await peers.a.events.append("s", event("a", { id: "same" }));
          await peers.b.events.append("s", event("b", { id: "same" }));
          await peers.b.events.append("s", event("later"));
        });
        const [first, ...others] = await onBoth(peers, inS);
        holds(first === "a" || first === "b", "what stands is one of the two");
        equal(others, ["later"], "the others");
      },
    ),

    clause(
      "K-peers-events-again",
      "An id that has come from elsewhere is taken, also when its event is erased",
      async (t) => {
        const { a, b, meet } = await openPeers(t);
        await a.events.append("s", withIds("x", "y"));
        await a.events.truncate("s", 2);
        await meet();
        for (const id of ["x", "y"]) {
          const { duplicate } = await b.events.append("s", event("again", { id }));
          equal(duplicate, true, "whether it is taken for a duplicate");
        }
        await meet();
        equal(await read(b, "s"), ["y"], "the stream");
      },
    ),

    clause(
      "K-peers-erase",
      "What is erased is erased everywhere, and what nobody knew where it was erased stays",
      async (t) => {
        const peers = await openPeers(t);
        const { a, b, apart } = peers;
        await a.events.append("s", numbered(4));
        await apart(async () => {
          await a.events.truncate("s", 4);
          await b.events.append("s", numbered(2, 5));
        });
        equal(await onBoth(peers, inS), ["4", "5", "6"], "what is left");
        await apart(async () => {
          await a.events.deleteStream("s");
          await b.events.deleteStream("s");
        });
        equal(await onBoth(peers, inS), [], "what is left of a deleted stream");
      },
    ),

    clause("K-peers-erase-id", "The earliest event under an id stands for all, erased or not", async (t) => {
      const peers = await openPeers(t);
      const { a, b, apart } = peers;
      await apart(async () => {
        await a.events.append("s", event("erased", { id: "x" }));
        await a.events.truncate("s", 2);
        await b.events.append("s", event("earliest", { id: "y" }));
        await untilLater();
        await b.events.append("s", event("late", { id: "x" }));
        await a.events.append("s", event("late", { id: "y" }));
        await a.events.truncate("s", 3);
        await a.events.append("s", event("another"));
      });
      equal(await onBoth(peers, inS), ["another", "earliest"], "what is left");
    }),

    clause("K-peers-transaction", "Who follows sees all of a transaction, or nothing", async (t) => {
      const { a, b, meet } = await openPeers(t);
      await meet();
      const last = 30;
      const early: unknown[] = [];
      const lookAt = async (i: number, what: string) => {
        const found = [await b.kv.get("k"), (await b.records.get("r"))?.value, await b.events.head("s")];
        if (!found.every((n) => (n as number) >= i)) early.push([`with ${what} ${i}`, ...found]);
      };
      const [events, values] = [b.events.subscribe({ stream: "s" }), b.kv.watch<number>("k")];
      const numberOf = (change: Change<number>) => (change.type === "put" ? (change.value ?? 0) : 0);
      const isLast = (n: number) => n === last;
      const watching = Promise.all([
        each(
          events,
          ({ version }) => isLast(version),
          ({ version }) => lookAt(version, "event"),
        ),
        each(
          values,
          (change) => isLast(numberOf(change)),
          (change) => lookAt(numberOf(change), "value"),
        ),
      ]);
      await Promise.all([events.ready, values.ready]);
      for (let i = 1; i <= last; i++) {
        await a.transaction(async (tx) => {
          await tx.events.append("s", event(i));
          await tx.records.put("r", i);
          await tx.kv.set("k", i);
        });
      }
      await watching;
      equal(early, [], "what was seen before the rest of it");
    }),

    clause("K-peers-watch", "Watchers tell of what others have written", async (t) => {
      const { a, b, apart } = await openPeers(t);
      await a.records.put("gone", 0);
      const records = await follow(b.records.watch());
      const told = (type: string, key: string) =>
        records.seen.some((change) => change.type === type && "key" in change && change.key === key);
      await apart(async () => {
        await a.records.put("r", 1);
        await a.records.delete("gone");
      });
      await eventually(() => told("put", "r") && told("delete", "gone"), "both changes are told");
    }),

    clause(
      "K-peers-crash",
      "What was acknowledged apart outlives the ends of both, and they have the same then",
      async (t) => {
        const { a, b, place, meet } = await openPeers(t);
        await meet();
        await place.part();
        await a.kv.increment("n", 1);
        await a.events.append("s", event("a"));
        await b.kv.increment("n", 2);
        await b.records.put("r", 1);
        await place.crash();
        const again = [await place.open(), await place.openBeside()];
        await place.settle();
        for (const { kv, records, events } of again) {
          const found = [await kv.get("n"), await records.has("r"), await events.head("s")];
          equal(found, [3, true, 1], "what each has");
        }
      },
    ),
  ],
};
