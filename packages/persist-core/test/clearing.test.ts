import { expect, it } from "vitest";
import { storeOver } from "./engine-spy.ts";

it.each([
  undefined,
  {},
  { prefix: undefined },
  { prefix: "" },
  { prefix: 5 },
  { all: false },
  { all: true, prefix: "a" },
  "a",
])("refuses to clear %o, and removes nothing", async (what) => {
  const { store } = storeOver();
  await store.kv.setMany([
    ["a", 1],
    ["b", 2],
  ]);
  await store.records.put("a", 1);
  for (const facade of [store.kv, store.records, store.blobs]) {
    await expect(facade.clear(what as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  }
  expect(await store.kv.keys().toArray()).toEqual(["a", "b"]);
  expect(await store.records.has("a")).toBe(true);
});

it("removes what has the prefix, and counts it", async () => {
  const { store } = storeOver();
  await store.kv.setMany(Array.from({ length: 1000 }, (_, i) => [`a${i}`, i]));
  await store.kv.setMany(Array.from({ length: 500 }, (_, i) => [`ab${i}`, i]));
  await store.kv.set("b", 1);
  expect(await store.kv.clear({ prefix: "a" })).toBe(1500);
  expect(await store.kv.clear({ all: true })).toBe(1);
});
