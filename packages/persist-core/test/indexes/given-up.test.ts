// Queries plan by what their process knows of the indexes, and another process may change them at any moment.
import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/contract.ts";
import { backends, storeOn } from "./backends.ts";
import { until } from "./waiting.ts";

const byN = { indexes: { n: { on: "n" } } } as const;
const byNAndM = { indexes: { n: { on: ["n", "m"] } } } as const;
const query = { where: { n: 1 } };

/** Something that happens once, after the next page that comes by an index. */
function interruptible(engine: Engine) {
  let pages = 0;
  let meanwhile: (() => Promise<void>) | undefined;
  const slow: Engine = {
    ...engine,
    async scan(space, range, o) {
      const page = await engine.scan(space, range, o);
      if (range.by === "index" && --pages === 0) await meanwhile?.();
      return page;
    },
  };
  return {
    slow,
    after(count: number, happens: () => Promise<void>) {
      pages = count;
      meanwhile = happens;
    },
  };
}

describe.each(backends)("on %s", (_, prepare) => {
  async function open() {
    const engine = await prepare()();
    const { slow, after } = interruptible(engine);
    const [here, there] = [storeOn(slow), storeOn(engine)];
    const users = here.records.collection<{ n: number; m?: number }>("users", byN);
    const isReady = (records: typeof users) => until(async () => (await records.explain(query)).plan === "index");
    const keys = async () => (await users.list(query).toArray()).map(({ key }) => key);
    return { users, there, after, isReady, keys };
  }

  test("a page that came by an index which was given up meanwhile is not handed out, and found another way", async () => {
    const { users, there, after, isReady, keys } = await open();
    await users.put("1", { n: 1 });
    await isReady(users);
    after(1, async () => {
      const changed = there.records.collection<{ n: number }>("users", byNAndM);
      await changed.put("2", { n: 1 }); // without an entry in the index that is being read
    });
    expect(await keys()).toEqual(["1", "2"]);
  });

  test("an index that was given up before is noticed by whoever still goes by it", async () => {
    const { users, there, isReady, keys } = await open();
    await users.put("1", { n: 1 });
    await isReady(users);
    await users.count(query);
    const changed = there.records.collection<{ n: number }>("users", byNAndM);
    await changed.put("2", { n: 1 });
    expect(await users.count(query)).toBe(2);
    await changed.put("3", { n: 1 });
    expect(await keys()).toEqual(["1", "2", "3"]);
  });

  test("a listing goes on where it was when its index is given up between two pages", async () => {
    const { users, there, isReady } = await open();
    await users.putMany(Array.from({ length: 9 }, (_, i) => [`${i}`, { n: 1, m: -i }] as const));
    await isReady(users);
    const found: string[] = [];
    for await (const { key } of users.list({ ...query, orderBy: [["m", "desc"]], batchSize: 2 })) {
      found.push(key);
      if (found.length === 3) await there.records.collection<{ n: number }>("users", byNAndM).put("9", { n: 0 });
    }
    expect(found).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
  });

  test("a query that finds no index of its own asks the store whether there is one by now", async () => {
    const { users, there, isReady } = await open();
    await users.put("1", { n: 1, m: 1 });
    await isReady(users);
    const same = there.records.collection<{ m: number }>("users", { indexes: { m: { on: "m" } } });
    await until(async () => (await same.explain({ where: { m: 1 } })).plan === "index");
    await users.put("2", { n: 2, m: 1 });
    // A scan would read both.
    expect((await users.list({ where: { m: 1 }, maxScan: 1 }).toArray()).map(({ key }) => key)).toEqual(["1", "2"]);
  });

  test("a count that has begun by an index which is then given up is CONFLICT, and no wrong number", async () => {
    const { users, there, after, isReady } = await open();
    for (const half of ["a", "b"]) {
      await users.putMany(Array.from({ length: 800 }, (_, i) => [`${half}${i}`, { n: 1 }] as const));
    }
    await isReady(users);
    // It counts by the thousand: four of these pages are behind it, and what was counted cannot be told from what was not.
    after(5, async () => {
      await there.records.collection<{ n: number }>("users", byNAndM).put("a0", { n: 1 });
    });
    await expect(users.count({ ...query, batchSize: 300 })).rejects.toMatchObject({
      code: "CONFLICT",
      retryable: true,
    });
    expect(await users.count(query)).toBe(1600);
  });
});
