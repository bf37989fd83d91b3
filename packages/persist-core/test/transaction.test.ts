import { describe, expect, it } from "vitest";
import { gateway, storeOver } from "./engine-spy.ts";

describe("a transaction", () => {
  it("runs again where what it read has changed, and loses no update", async () => {
    const { store } = storeOver();
    let runs = 0;
    await Promise.all(
      Array.from({ length: 40 }, () =>
        store.transaction(async (tx) => {
          runs++;
          const n = (await tx.kv.get<number>("n")) ?? 0;
          await Promise.resolve();
          await tx.kv.set("n", n + 1);
        }),
      ),
    );
    expect(await store.kv.get("n")).toBe(40);
    expect(runs).toBeGreaterThan(40);
  });

  it("prevents write skew, also through listings", async () => {
    const { store } = storeOver();
    await store.kv.setMany([
      ["on-call/ada", true],
      ["on-call/bob", true],
    ]);
    const leave = (name: string) =>
      store.transaction(async (tx) => {
        const left = await tx.kv.keys({ prefix: "on-call/" }).toArray();
        await Promise.resolve();
        if (left.length > 1) await tx.kv.delete(`on-call/${name}`);
      });
    await Promise.all([leave("ada"), leave("bob")]);
    expect(await store.kv.keys({ prefix: "on-call/" }).toArray()).toHaveLength(1);
  });

  it("notices at once that it has read two different states", async () => {
    const { store } = storeOver();
    await store.kv.set("a", 1);
    const seen: unknown[] = [];
    await store.transaction(async (tx) => {
      seen.push(await tx.kv.get("a"));
      if (seen.length === 1) await store.kv.set("a", 2);
      seen.push(await tx.kv.get("a"));
    });
    expect(seen).toEqual([1, 2, 2]);
  });

  it("gives up after its retries, with CONFLICT and nothing written", async () => {
    const { store } = storeOver();
    let runs = 0;
    const doomed = store.transaction(
      async (tx) => {
        runs++;
        await tx.kv.get("a");
        await store.kv.set("a", runs);
        await tx.kv.set("b", 1);
      },
      { retries: 2 },
    );
    await expect(doomed).rejects.toMatchObject({ code: "CONFLICT", operation: "transaction" });
    expect(runs).toBe(3);
    expect(await store.kv.has("b")).toBe(false);
  });

  it("does not run again for a conflict that the callback's own condition found", async () => {
    const { store } = storeOver();
    await store.records.put("a", 1);
    let runs = 0;
    const insert = store.transaction(async (tx) => {
      runs++;
      await tx.records.insert("a", 2);
    });
    await expect(insert).rejects.toMatchObject({ code: "CONFLICT", key: "a" });
    expect(runs).toBe(1);
  });

  it("may run inside of another, on its own", async () => {
    const { store } = storeOver();
    await store.transaction(async (tx) => {
      await tx.kv.set("outer", 1);
      await store.transaction((inner) => inner.kv.set("inner", 1));
      expect(await store.kv.has("inner")).toBe(true);
      expect(await store.kv.has("outer")).toBe(false);
    });
    expect(await store.kv.has("outer")).toBe(true);
  });

  it("refuses to be used after its end", async () => {
    const { store } = storeOver();
    const leaked = await store.transaction(async (tx) => tx);
    await expect(leaked.kv.set("a", 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("does not wait for itself where it updates, however often it had to begin again", async () => {
    const { store } = storeOver();
    await store.records.put("a", { n: 0 });
    await Promise.all(
      Array.from({ length: 10 }, () =>
        store.transaction(
          async (tx) => {
            await tx.records.update("a", (a) => ({ n: (a as { n: number }).n + 1 }));
            await tx.kv.update<number>("n", (n) => (n ?? 0) + 1);
          },
          { timeout: "5s" },
        ),
      ),
    );
    expect((await store.records.get("a"))?.value).toEqual({ n: 10 });
    expect(await store.kv.get("n")).toBe(10);
  });

  it("ends at its deadline although its callback hangs, and does not commit afterwards", async () => {
    const { store, engine } = storeOver();
    const never = gateway();
    const hanging = store.transaction(
      async (tx) => {
        await tx.kv.set("a", 1);
        await never.opened;
      },
      { timeout: 5 },
    );
    await expect(hanging).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
    never.open();
    await store.close();
    expect(await engine.read("kv", ["a"], { now: 0, deadline: 0 })).toEqual([undefined]);
  });

  it("shows in listings what it wrote, in order, across pages that its deletions emptied", async () => {
    const { store } = storeOver();
    await store.kv.setMany(Array.from({ length: 30 }, (_, i) => [`k${String(i).padStart(2, "0")}`, i]));
    await store.transaction(async (tx) => {
      for (let i = 0; i < 25; i++) await tx.kv.delete(`k${String(i).padStart(2, "0")}`);
      await tx.kv.set("k005", "new");
      await tx.kv.set("k27", "changed");
      const shown = await tx.kv.list({ batchSize: 5 }).toArray();
      expect(shown.map(({ key, value }) => [key, value])).toEqual([
        ["k005", "new"],
        ["k25", 25],
        ["k26", 26],
        ["k27", "changed"],
        ["k28", 28],
        ["k29", 29],
      ]);
      const backwards = await tx.kv.keys({ reverse: true, batchSize: 4 }).toArray();
      expect(backwards).toEqual(shown.map(({ key }) => key).reverse());
    });
    expect(await store.kv.keys().toArray()).toHaveLength(6);
  });

  it("gives up bytes that it staged and did not keep", async () => {
    const discarded: string[] = [];
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        discard(token) {
          discarded.push(token);
          return engine.bytes.discard(token);
        },
      },
    }));
    await store.transaction(async (tx) => {
      await tx.blobs.put("a", "first");
      await tx.blobs.put("a", "second");
    });
    expect(discarded).toEqual(["1"]);
    expect(await (await store.blobs.get("a"))?.text()).toBe("second");
    await store
      .transaction(async (tx) => {
        await tx.blobs.put("a", "third");
        throw new Error("no");
      })
      .catch(() => undefined);
    expect(discarded).toEqual(["1", "3"]);
    expect(await (await store.blobs.get("a"))?.text()).toBe("second");
  });
});
