import { spawnSync } from "node:child_process";
import { createStore } from "@cuitty/persist-core";
import { expect, test } from "vitest";
import "../src/index.ts";
import { sqlite } from "../src/adapter.ts";
import { at, drivers, makeFolder, openEngine, put } from "./engines.ts";

test("importing it registers the adapter and loads no driver", () => {
  const script = `
    await import("@cuitty/persist-sqlite");
    const { registeredNames } = { registeredNames: [...globalThis[Symbol.for("cuitty.persist.adapters/1")].keys()] };
    const loaded = process.report.getReport().sharedObjects.some((file) => file.includes("better_sqlite3"));
    console.log(JSON.stringify({ registeredNames, loaded }));
  `;
  const { stdout } = spawnSync(process.execPath, ["--conditions=@cuitty/source", "--input-type=module", "-e", script], {
    encoding: "utf8",
    cwd: new URL("..", import.meta.url),
  });
  expect(JSON.parse(stdout)).toEqual({ registeredNames: ["sqlite"], loaded: false });
});

test.each(drivers)("a store finds it by name, with $name", async (driver) => {
  const path = `${makeFolder()}/a.db`;
  await using store = await createStore({ name: "app", adapter: "sqlite", path, driver });
  await store.kv.set("a", { big: 1n });
  await store.blobs.put("b", "bytes");
  const sum = await store.transaction(async (tx) => {
    const n = ((await tx.kv.get<number>("n")) ?? 0) + 1;
    await tx.kv.set("n", n);
    await tx.events.append("s", { type: "counted", data: n });
    return n;
  });
  expect(sum).toBe(1);
  expect(await store.kv.get("a")).toEqual({ big: 1n });
  expect(await (await store.blobs.get("b"))?.text()).toBe("bytes");
  expect(await store.events.head()).toBe(1);
});

test("the tables are readable with SQL of one's own", async () => {
  const engine = await openEngine();
  await engine.commit([[put("records", "user/ada", JSON.stringify({ name: "Ada" }))]], at(1000));
  const db = engine.raw() as { prepare(sql: string): { all(): unknown[] } };
  expect(db.prepare("select key, json_extract(value, '$.name') as name from records").all()).toEqual([
    { key: "user/ada", name: "Ada" },
  ]);
});

test("wrappers that know four methods only work over it", async () => {
  const adapter = await sqlite({ path: ":memory:" });
  await adapter.put("a/1", { n: 1 });
  await adapter.put("a/2", null);
  await adapter.put("b", 7);
  await adapter.delete("a/2");
  expect([await adapter.get("a/1"), await adapter.get("a/2")]).toEqual([{ n: 1 }, undefined]);
  const listed: unknown[] = [];
  for await (const entry of (await adapter.list("a/")) ?? []) listed.push(entry);
  expect(listed).toEqual([{ key: "a/1", value: { n: 1 } }]);
  await adapter.close?.();
});
