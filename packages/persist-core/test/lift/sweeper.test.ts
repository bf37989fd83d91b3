import { expect, test } from "vitest";
import type { Engine } from "../../src/contract.ts";
import { adapters, bareAdapter, type Stored } from "./adapters.ts";
import { follow } from "./dump.ts";
import { fated } from "./faults.ts";
import { at, openLift, put, version } from "./open.ts";

const hour = 60 * 60 * 1000;
const day = 24 * hour;

const remove = (key: string) => ({ op: "delete", space: "kv", key, version: version() }) as const;

function keysIn(stored: Stored): string[] {
  return [...stored.keys()]
    .filter((key) => key.includes("/kv/"))
    .map((key) => key.slice("_test/-/kv/_".length))
    .sort();
}

/** Any commit is an occasion to sweep. */
async function touch(engine: Engine, now: number): Promise<void> {
  await engine.commit([[put("kv", "touched", "1")]], at(now));
}

test.each(adapters)("expired rows go once a day, each as one change, over %s", async (_, over) => {
  const stored: Stored = new Map();
  const engine = await openLift(over(stored));
  const index = [{ index: "email", tuple: Uint8Array.of(1), unique: true }];
  await engine.commit(
    [
      [
        put("kv", "stays", "1"),
        { ...put("kv", "goes", "2"), expiresAt: 5 },
        { ...put("records", "r", "3"), expiresAt: 5, index },
      ],
    ],
    at(1),
  );
  const before = await follow(engine, undefined, 100, 1);
  let woken = 0;
  engine.wake(() => woken++);
  await touch(engine, day);
  expect(await follow(engine, before.cursor, 100, day)).toMatchObject({ changes: [{ key: "touched" }] });
  const wokenBefore = woken;
  await touch(engine, day + 1);
  await expect.poll(() => JSON.parse(stored.get("_test/-/kv/_goes") ?? "").deleted).toBe(day + 1);
  await expect.poll(() => woken).toBeGreaterThan(wokenBefore + 1);
  await expect.poll(() => [...stored.keys()].filter((key) => key.includes("/index/"))).toEqual([]);
  const { changes } = await follow(engine, before.cursor, 100, day + 1);
  const gone = changes.filter(({ row }) => row === undefined).map(({ space, key }) => `${space}/${key}`);
  expect(gone.sort()).toEqual(["kv/goes", "records/r"]);
});

test("what was overwritten since it expired stays", async () => {
  const stored: Stored = new Map();
  let engine: Engine | undefined;
  let isOverwriting = false;
  const bare = bareAdapter(stored);
  engine = await openLift({
    ...bare,
    async *list(prefix) {
      const entries = await Array.fromAsync(bare.list(prefix) as AsyncIterable<{ key: string; value: unknown }>);
      if (prefix.endsWith("/kv/") && !isOverwriting) {
        isOverwriting = true;
        await engine?.commit([[put("kv", "goes", '"new"')]], at(day + 1));
      }
      yield* entries;
    },
  });
  await engine.commit([[{ ...put("kv", "goes", "2"), expiresAt: 5 }]], at(1));
  await touch(engine, day + 1);
  await expect.poll(() => JSON.parse(stored.get("_test/-/meta") ?? "").swept).toBe(day + 1);
  expect(await engine.read("kv", ["goes"], at(day + 1))).toMatchObject([{ value: '"new"' }]);
});

test("deletions are reported for a week, and older cursors are refused then", async () => {
  const stored: Stored = new Map();
  const engine = await openLift(bareAdapter(stored));
  await engine.commit([[put("kv", "a", "1")], [put("kv", "b", "1")]], at(1));
  const old = await engine.changes(undefined, 10, at(1));
  await engine.commit([[remove("a")]], at(2));
  const seen = await engine.changes(undefined, 10, at(2));
  await touch(engine, 7 * day + 1);
  await expect.poll(() => JSON.parse(stored.get("_test/-/meta") ?? "").swept).toBe(7 * day + 1);
  expect(keysIn(stored)).toContain("a");
  await touch(engine, 8 * day + 1);
  await expect.poll(() => keysIn(stored)).toEqual(["b", "touched"]);
  for (const again of [engine, await openLift(bareAdapter(stored))]) {
    await expect(again.changes(old.cursor, 10, at(9 * day))).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
    expect((await again.changes(seen.cursor, 10, at(9 * day))).changes).toMatchObject([{ key: "touched" }]);
    expect((await again.changes(undefined, 10, at(9 * day))).changes).toMatchObject([{ key: "b" }, { key: "touched" }]);
  }
});

test("a sweep that fails is tried again an hour later", async () => {
  const stored: Stored = new Map();
  let lists = 0;
  const engine = await openLift(
    fated(bareAdapter(stored), ({ method, key }) => {
      return method === "list" && key.endsWith("/kv/") && ++lists === 1 ? "fails" : "works";
    }),
  );
  await engine.commit([[{ ...put("kv", "goes", "2"), expiresAt: 5 }]], at(1));
  await touch(engine, day + 1);
  await expect.poll(() => lists).toBe(1);
  for (let i = 0; i < 5; i++) await touch(engine, day + 2);
  expect(lists).toBe(1);
  await touch(engine, day + 1 + hour);
  await expect.poll(() => JSON.parse(stored.get("_test/-/kv/_goes") ?? "").deleted).toBe(day + 1 + hour);
});

test("a sweep ends with the store, after the step that is under way", async () => {
  const stored: Stored = new Map();
  const bare = bareAdapter(stored);
  const step = { begun: Promise.withResolvers<void>(), mayEnd: Promise.withResolvers<void>() };
  let isSweeping = false;
  const engine = await openLift({
    ...bare,
    async put(key, value) {
      if (isSweeping && key.endsWith("/redo")) {
        step.begun.resolve();
        await step.mayEnd.promise;
      }
      await bare.put(key, value);
    },
  });
  const rows = Array.from({ length: 1000 }, (_, i) => ({ ...put("kv", `${i}`, "1"), expiresAt: 5 }));
  await engine.commit([rows], at(1));
  isSweeping = true;
  await touch(engine, day + 1);
  await step.begun.promise;
  const closing = engine.close();
  step.mayEnd.resolve();
  await closing;
  const gone = [...stored.values()].filter((text) => "deleted" in JSON.parse(text));
  expect(gone).toHaveLength(200);
});
