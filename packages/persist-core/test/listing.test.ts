import { describe, expect, it } from "vitest";
import { storeOver } from "./engine-spy.ts";

const filled = async () => {
  const { store } = storeOver();
  await store.kv.setMany(Array.from({ length: 250 }, (_, i) => [`k${String(i).padStart(3, "0")}`, i]));
  return store;
};

describe("a listing", () => {
  it("goes on from a cursor, in any store object, until there is none", async () => {
    const store = await filled();
    const keys: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.kv.keys({ prefix: "k", limit: 70, cursor }).page();
      keys.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(keys).toEqual(await store.kv.keys().toArray());
  });

  it("ends without a cursor where its last page is full", async () => {
    const store = await filled();
    expect(await store.kv.keys({ prefix: "k00", limit: 10 }).page()).toEqual({
      items: Array.from({ length: 10 }, (_, i) => `k00${i}`),
    });
  });

  it.each(["", "x", "e30", btoa('[1,"x","k"]'), btoa("[2]"), "%%%", "a".repeat(10_000), 5])(
    "refuses %o as a cursor",
    async (cursor) => {
      const store = await filled();
      expect(() => store.kv.keys({ cursor: cursor as string })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    },
  );

  it("refuses the cursor of another query", async () => {
    const store = await filled();
    const { cursor } = await store.kv.keys({ prefix: "k", limit: 1 }).page();
    for (const other of [{}, { prefix: "k0" }, { prefix: "k", reverse: true }]) {
      expect(() => store.kv.keys({ ...other, cursor })).toThrow(/belongs to another query/);
    }
    expect(() => store.records.list({ prefix: "k", cursor })).toThrow(/belongs to another query/);
    expect((await store.kv.keys({ prefix: "k", limit: 2, cursor }).page()).items).toEqual(["k001", "k002"]);
  });

  it("reads no more than it is asked for", async () => {
    const limits: number[] = [];
    const { store } = storeOver((engine) => ({
      scan(space, range, o) {
        limits.push(range.limit);
        return engine.scan(space, range, o);
      },
    }));
    await store.kv.setMany(Array.from({ length: 30 }, (_, i) => [`k${i}`, i]));
    for await (const key of store.kv.keys({ batchSize: 10, limit: 25 })) expect(key).toMatch(/^k/);
    expect(limits).toEqual([10, 10, 5]);
    limits.length = 0;
    for await (const _ of store.kv.keys({ batchSize: 10 })) break;
    expect(limits).toEqual([10]);
  });

  it("answers calls that do not wait for each other in turn", async () => {
    const store = await filled();
    const iterator = store.kv.keys({ batchSize: 2, limit: 5 })[Symbol.asyncIterator]();
    const results = await Promise.all(Array.from({ length: 7 }, () => iterator.next()));
    expect(results.map(({ value }) => value)).toEqual(["k000", "k001", "k002", "k003", "k004", undefined, undefined]);
  });

  it("refuses to collect more than was allowed", async () => {
    const store = await filled();
    await expect(store.kv.keys().toArray({ max: 249 })).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(await store.kv.keys().toArray({ max: 250 })).toHaveLength(250);
  });

  it("may be changed while it is read", async () => {
    const store = await filled();
    let count = 0;
    for await (const key of store.kv.keys({ batchSize: 7 })) {
      count++;
      await store.kv.delete(key);
    }
    expect(count).toBe(250);
    expect(await store.kv.keys().toArray()).toEqual([]);
  });
});
