// Stores that share nothing but the bucket, each with an adapter of its own, on a server that answers as it likes.
import { createStore, PersistError, type Store } from "@cuitty/persist-core";
import { s3 } from "@cuitty/persist-s3/adapter";
import { createBucket } from "@cuitty/persist-servers";
import { type ProfileName, startS3Double } from "@cuitty/persist-testkit/s3-double";
import { describe, expect, onTestFinished, test } from "vitest";

/** So many stores over the same data, as so many processes would have them. */
async function openStores(count: number, profile: ProfileName) {
  const double = await startS3Double({ profile });
  onTestFinished(() => double.close());
  const { endpoint, region, credentials, bucket } = await createBucket(double);
  const open = async (): Promise<Store> => {
    const adapter = await s3({ endpoint, region, credentials, bucket, concurrency: 10 });
    const store = await createStore({ name: "races", adapter });
    onTestFinished(async () => {
      await store.close();
      await adapter.close?.();
    });
    return store;
  };
  const first = await open();
  const others = await Promise.all(Array.from({ length: count - 1 }, open));
  return { double, stores: [first, ...others] as const };
}

/** What it answers, or `undefined` where it is CONFLICT. */
async function unlessConflict<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!PersistError.is(error, "CONFLICT")) throw error;
    return undefined;
  }
}

/** Each works so many times, as fast as it can. Answers how often the last of them had when the first was done. */
async function leastWhenFirstEnds(stores: readonly Store[], times: number, work: (store: Store) => Promise<unknown>) {
  const done = stores.map(() => 0);
  let least: number | undefined;
  await Promise.all(
    stores.map(async (store, s) => {
      for (let n = 1; n <= times; n++) {
        await work(store);
        done[s] = n;
      }
      least ??= Math.min(...done);
    }),
  );
  return least;
}

const count = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe.each(["aws", "ceph16"] satisfies ProfileName[])("on the double as %s,", { timeout: 300_000 }, (profile) => {
  test("of 16 who make the same key, exactly one wins, in each of 100 rounds", async () => {
    const { stores } = await openStores(16, profile);
    for (let round = 0; round < 100; round++) {
      const key = `round-${round}`;
      const made = await Promise.all(stores.map(({ kv }, n) => unlessConflict(kv.set(key, n, { ifNoneMatch: "*" }))));
      const winners = made.flatMap((entry, n) => (entry === undefined ? [] : [n]));
      expect(winners).toHaveLength(1);
      expect(await stores[0].kv.get(key)).toBe(winners[0]);
    }
  });

  test("of 16 who change the same version, exactly one wins, in each of 100 rounds", async () => {
    const { stores } = await openStores(16, profile);
    let { version } = await stores[0].records.put("k", 0);
    for (let round = 1; round <= 100; round++) {
      const made = await Promise.all(
        stores.map(({ records }) => unlessConflict(records.put("k", round, { ifMatch: version }))),
      );
      const winners = made.filter((entry) => entry !== undefined);
      expect(winners).toHaveLength(1);
      version = winners[0]?.version ?? "";
    }
    expect(await stores[5]?.records.get("k")).toMatchObject({ value: 100, version });
  });

  test("8 who add to the same counter 250 times each have added 2 000, and none is left behind", async () => {
    const { stores } = await openStores(8, profile);
    const least = await leastWhenFirstEnds(stores, 250, ({ kv }) => kv.increment("n"));
    expect(await stores[0].kv.get("n")).toBe(2000);
    expect(least).toBeGreaterThan(25);
  });

  test("of 8 who append at once, none is left behind", async () => {
    const { stores } = await openStores(8, profile);
    const least = await leastWhenFirstEnds(stores, 120, ({ events }) =>
      events.append("s", [{ type: "t", data: null }]),
    );
    expect((await stores[0].events.readAll().toArray()).map(({ position }) => position)).toEqual(count(960));
    expect(least).toBeGreaterThan(12);
  });

  test("8 who append while replies are lost leave no gap and no duplicate", async () => {
    const { double, stores } = await openStores(8, profile);
    const lost = double.faults.add({ fault: { kind: "lose-reply" }, share: 0.1 });
    await Promise.all(
      stores.map(async ({ events }, w) => {
        for (const n of count(30)) {
          const append = () => events.append(`s${w % 3}`, [{ type: "t", data: n, id: `${w}-${n}` }]);
          // Where even the adapter cannot tell, the same ids again can.
          await append().catch((error: unknown) => {
            if (!PersistError.is(error) || !error.retryable) throw error;
            return append();
          });
        }
      }),
    );
    expect(lost.hits).toBeGreaterThan(20);
    lost.remove();
    const log = await stores[0].events.readAll().toArray();
    expect(log.map(({ position }) => position)).toEqual(count(240));
    expect(new Set(log.map(({ id }) => id)).size).toBe(240);
    for (const stream of ["s0", "s1", "s2"]) {
      const versions = log.filter((event) => event.stream === stream).map(({ version }) => version);
      expect(versions).toEqual(count(versions.length));
    }
    for (const w of stores.keys()) {
      const data = log.filter(({ id }) => id.startsWith(`${w}-`)).map((event) => event.data);
      expect(data, `what appender ${w} has appended, in its order`).toEqual(count(30));
    }
  });
});
