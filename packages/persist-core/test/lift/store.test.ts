import { describe, expect, test } from "vitest";
import { createStore } from "../../src/create-store.ts";
import { adapters, type Stored } from "./adapters.ts";

describe.each(adapters)("a store over %s", (_, over) => {
  test("carries all four facades, and keeps them", async () => {
    const stored: Stored = new Map();
    const open = () => createStore({ name: "app", adapter: over(stored) });
    {
      await using store = await open();
      expect(store.capabilities).toMatchObject({ transactions: "emulated", writers: "process" });
      await store.records.put("users/1", { name: "Ada", born: new Date(0) });
      await store.kv.increment("visits", 2);
      await store.blobs.put("a.txt", "hello");
      await store.events.append("s", [
        { type: "t", data: 1 },
        { type: "t", data: 2 },
      ]);
      await store.transaction(async (tx) => {
        expect(await tx.kv.get("visits")).toBe(2);
        await tx.kv.set("visits", 3);
        await tx.records.put("users/2", { name: "Bob" });
        await tx.blobs.put("b.txt", "bye");
        await tx.events.append("s", { type: "t", data: 3 });
      });
    }
    await using store = await open();
    expect((await store.records.get("users/1"))?.value).toEqual({ name: "Ada", born: new Date(0) });
    expect((await store.records.list({ prefix: "users/" }).toArray()).map(({ key }) => key)).toEqual([
      "users/1",
      "users/2",
    ]);
    expect(await store.kv.get("visits")).toBe(3);
    expect(await (await store.blobs.get("b.txt"))?.text()).toBe("bye");
    expect((await store.events.read("s").toArray()).map(({ data }) => data)).toEqual([1, 2, 3]);
    expect(await store.kv.clear({ all: true })).toBe(1);
    await Promise.all(Array.from({ length: 100 }, () => store.kv.increment("n")));
    expect(await store.kv.get("n")).toBe(100);
  });
});
