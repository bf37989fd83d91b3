import { expect, test } from "vitest";
import { bareAdapter, richAdapter, type Stored } from "./adapters.ts";
import { follow } from "./dump.ts";
import { fated } from "./faults.ts";
import { at, event, openLift, put } from "./open.ts";

const o = at(1);

test("whoever follows the changes is answered without a listing", async () => {
  const lists: string[] = [];
  const gets: string[] = [];
  const engine = await openLift(
    fated(bareAdapter(), ({ method, key }) => {
      if (method === "list") lists.push(key);
      if (method === "get") gets.push(key);
      return "works";
    }),
  );
  await engine.commit([[put("kv", "a", "1"), { op: "append", stream: "s", events: [event("1")] }]], o);
  const { cursor, changes } = await engine.changes(undefined, 10, o);
  expect(changes.map(({ key }) => key)).toEqual(["a", "s"]);
  lists.length = 0;
  gets.length = 0;
  expect(await engine.changes(cursor, 10, o)).toEqual({ changes: [], cursor, more: false });
  expect(gets).toEqual([]);
  await engine.commit([[put("kv", "b", "1")]], o);
  gets.length = 0;
  expect((await engine.changes(cursor, 10, o)).changes).toMatchObject([{ key: "b" }]);
  expect([lists, gets]).toEqual([[], ["_test/-/kv/_b"]]);
});

test("each change's cursor goes on right after it, in memory and from the store", async () => {
  const stored: Stored = new Map();
  const engine = await openLift(bareAdapter(stored));
  const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
  for (const key of keys) await engine.commit([[put("kv", key, "1")]], o);
  for (const from of [engine, await openLift(richAdapter(stored))]) {
    const { changes } = await from.changes(undefined, 100, o);
    expect(changes.map(({ key }) => key)).toEqual(keys);
    for (const [i, { cursor }] of changes.entries()) {
      expect((await follow(from, cursor, 3, 1)).changes.map(({ key }) => key)).toEqual(keys.slice(i + 1));
    }
  }
});

test("places in commit order go on after a restart and after a crash", async () => {
  const stored: Stored = new Map();
  const seen: number[] = [];
  for (let i = 0; i < 5; i++) {
    const engine = await openLift(bareAdapter(stored));
    await engine.commit([[put("kv", `k${i}`, "1")]], o);
    const { changes } = await engine.changes(undefined, 100, o);
    expect(changes.map(({ key }) => key)).toEqual(Array.from({ length: i + 1 }, (_, n) => `k${n}`));
    seen.push(Number(changes.at(-1)?.cursor));
    if (i % 2 === 0) await engine.close();
  }
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
});

test("followers miss nothing when more changes than are remembered", async () => {
  const engine = await openLift(bareAdapter());
  await engine.commit([[put("kv", "first", "1")]], o);
  const { cursor } = await engine.changes(undefined, 10, o);
  for (let i = 0; i < 3; i++) {
    await engine.commit([Array.from({ length: 500 }, (_, n) => put("kv", `${i}-${n}`, "1"))], o);
  }
  expect((await follow(engine, cursor, 400, 1)).changes).toHaveLength(1500);
});

test.each(["x", "-1", "1.5", "", "9".repeat(20)])("the cursor %j is refused", async (cursor) => {
  const engine = await openLift(bareAdapter());
  await expect(engine.changes(cursor, 10, o)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("a cursor of a later state is refused", async () => {
  const engine = await openLift(bareAdapter());
  await expect(engine.changes("5", 10, o)).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
});
