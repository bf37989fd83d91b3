/** Consumers over an engine whose commits fail, or happen without saying so, at every moment. */
import { describe, expect, test } from "vitest";
import { createStore, memory, type PersistAdapter, PersistError, type Store } from "../../src/index.ts";

type Fate = "fails" | "happens, and the reply is lost" | "happens, and nothing answers for a while";

const fates: readonly Fate[] = ["fails", "happens, and the reply is lost", "happens, and nothing answers for a while"];
const lost = () => new PersistError("UNAVAILABLE", "The backend is gone.");

/** Commits from number n on, so many, meet the fate; with the last of the fates the reads after each fail too. */
function doomed(adapter: PersistAdapter, fate: Fate, n: number, duration: number) {
  const counts = { commits: 0, silent: 0 };
  const speak = () => {
    if (counts.silent === 0) return;
    counts.silent--;
    throw lost();
  };
  const wrapped: PersistAdapter = {
    ...adapter,
    async engine(scope) {
      const engine = await (adapter.engine as NonNullable<PersistAdapter["engine"]>)(scope);
      return {
        ...engine,
        read(space, keys, o) {
          speak();
          return engine.read(space, keys, o);
        },
        events(range, o) {
          speak();
          return engine.events(range, o);
        },
        async commit(lists, o) {
          const number = ++counts.commits;
          if (number < n || number >= n + duration) return engine.commit(lists, o);
          if (fate === "fails") throw lost();
          await engine.commit(lists, o);
          if (fate === "happens, and nothing answers for a while") counts.silent = 3;
          return lists.map(() => ({ outcome: "unknown", cause: lost() }) as const);
        },
      };
    },
  };
  return { wrapped, counts };
}

interface Run {
  readonly store: Store;
  /** On the same data, with no faults. */
  readonly healthy: Store;
  /** Lets time pass until it is so. */
  until(isSo: () => boolean): Promise<void>;
}

/** With n from 1 on, until no commit is left to fail. */
async function atEveryCommit(fate: Fate, duration: number, work: (run: Run) => Promise<void>): Promise<number> {
  for (let n = 1; ; n++) {
    let time = Date.UTC(2030, 0, 1);
    const clock = () => time;
    const adapter = memory();
    await using healthy = await createStore({ name: "test", adapter, clock });
    for (const data of [1, 2, 3, 4]) await healthy.events.append("s", { type: "t", data });
    const { wrapped, counts } = doomed(adapter, fate, n, duration);
    await using store = await createStore({ name: "test", adapter: wrapped, clock });
    await work({
      store,
      healthy,
      async until(isSo) {
        while (!isSo()) {
          time += 1000;
          await healthy.kv.set("tick", time);
          await new Promise(setImmediate);
        }
      },
    });
    if (counts.commits < n) return n;
  }
}

describe.each(fates)("where a commit %s", (fate) => {
  test.each([1, 3])("the effect happens exactly once (%i in a row)", async (duration) => {
    const runs = await atEveryCommit(fate, duration, async ({ store, healthy, until }) => {
      const consumer = store.events.consume(
        "c",
        async ({ data }, { tx }) => {
          await tx?.kv.increment("sum", 10 ** (data as number));
        },
        { exactlyOnce: true },
      );
      await until(() => consumer.position === 4);
      await consumer.stop();
      expect(await healthy.kv.get("sum")).toBe(11_110);
    });
    expect(runs).toBeGreaterThan(4);
  });

  test("every event is handled at least once, in order", async () => {
    await atEveryCommit(fate, 2, async ({ store, until }) => {
      const seen: number[] = [];
      const consumer = store.events.consume("c", async ({ data }) => void seen.push(data as number), { batchSize: 1 });
      await until(() => consumer.position === 4);
      await consumer.stop();
      expect([...new Set(seen)]).toEqual([1, 2, 3, 4]);
    });
  });

  test("a dead letter is written once", async () => {
    await atEveryCommit(fate, 1, async ({ store, healthy, until }) => {
      const consumer = store.events.consume(
        "c",
        async ({ data }) => {
          if (data === 2) throw new Error("no");
        },
        { maxAttempts: 2, deadLetter: "dead" },
      );
      await until(() => consumer.position >= 4);
      await consumer.stop();
      const letters = await healthy.events.read("dead").toArray();
      expect(letters.map(({ data }) => data)).toEqual([2]);
    });
  });
});

test("a lease that cannot be renewed is not asked for over and over while a handler works", async () => {
  let time = Date.UTC(2030, 0, 1);
  const { wrapped, counts } = doomed(memory(), "fails", 3, Number.POSITIVE_INFINITY);
  const store = await createStore({ name: "test", adapter: wrapped, clock: () => time });
  await store.events.append("s", { type: "t", data: 1 }); // the first commit; the second takes the lease
  const working = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const consumer = store.events.consume("c", async () => {
    working.resolve();
    await done.promise;
  });
  await working.promise;
  time += 60 * 60 * 1000; // the lease is long over
  await expect.poll(() => counts.commits, { interval: 100, timeout: 20_000 }).toBeGreaterThan(3);
  expect(counts.commits).toBeLessThan(30);
  done.resolve();
  await consumer.stop().catch(() => undefined);
  await store.close();
});
