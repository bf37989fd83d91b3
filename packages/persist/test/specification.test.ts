// Every snippet of the specification that needs no server, as written.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStore, type PersistAdapter } from "@cuitty/persist";
import { afterEach, beforeEach, expect, it } from "vitest";

const before = process.cwd();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "persist-"));
  process.chdir(folder);
});

afterEach(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

it("SQLite", async () => {
  const store = await createStore({
    name: "my-app",
    adapter: "sqlite",
    path: "./data/my-app.db",
  });
  await store.records.put("a", { works: true });
  expect((await store.records.get("a"))?.value).toEqual({ works: true });
  await store.close();
});

it("SQLite is the default, in a place of its own", async () => {
  await using store = await createStore({ name: "my-app" });
  await store.kv.set("a", 1);
  expect(await store.kv.get("a")).toBe(1);
  expect(store.capabilities.durability).toBe("disk");
});

it("custom adapters", async () => {
  const myAdapter: PersistAdapter = {
    async get(key: string) {
      /* ... */
    },
    async put(key: string, value: unknown) {
      /* ... */
    },
    async delete(key: string) {
      /* ... */
    },
    async list(prefix: string) {
      /* ... */
    },
  };
  const store = await createStore({
    name: "my-app",
    adapter: myAdapter,
  });
  expect(await store.kv.get("a")).toBeUndefined();
  await store.close();
});
