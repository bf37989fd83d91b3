import { expect, it } from "vitest";
import { storeOver } from "./engine-spy.ts";

it("makes one read for each space of what one turn asks for", async () => {
  const reads: string[] = [];
  const { store } = storeOver((engine) => ({
    reads: "batched",
    async read(space, keys, o) {
      reads.push(`${space}: ${keys.join()}`);
      return engine.read(space, keys, o);
    },
  }));
  await store.kv.setMany([
    ["a", 1],
    ["b", 2],
  ]);
  const [a, b, many, record] = await Promise.all([
    store.kv.get("a"),
    store.kv.get("b"),
    store.kv.getMany(["b", "a", "c"]),
    store.records.get("a"),
  ]);
  expect([a, b, [...many], record]).toEqual([
    1,
    2,
    [
      ["b", 2],
      ["a", 1],
    ],
    undefined,
  ]);
  expect(reads).toEqual(["kv: a,b,c", "records: a"]);
});

it("makes one read of what one turn asks for, also where others must have a turn first", async () => {
  const reads: string[] = [];
  const { store } = storeOver((engine) => ({
    reads: "batched",
    async read(space, keys, o) {
      reads.push(keys.join());
      return engine.read(space, keys, o);
    },
  }));
  for (const start = performance.now(); performance.now() - start < 20; );
  await Promise.all(["a", "b", "c"].map((key) => store.kv.get(key)));
  expect(reads).toEqual(["a,b,c"]);
});

it("fails each of them where the read fails, with its own context", async () => {
  const { store } = storeOver(() => ({
    reads: "batched",
    async read() {
      throw new Error("gone");
    },
  }));
  const [a, b] = await Promise.allSettled([store.kv.get("a"), store.kv.has("b")]);
  expect(a).toMatchObject({ reason: { operation: "kv.get", key: "a" } });
  expect(b).toMatchObject({ reason: { operation: "kv.has", key: "b" } });
});
