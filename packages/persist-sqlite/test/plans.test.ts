/** Every statement finds what it needs through an index: none walks through a table, or sorts. */
import type { Engine, Op } from "@cuitty/persist-core";
import { expect, onTestFinished, test } from "vitest";
import { sqlite } from "../src/adapter.ts";
import { at, everything, openEngine, put, scope } from "./engines.ts";
import { faultyDriver } from "./faulty-driver.ts";

const bound = { key: "m", inclusive: true };
const tuple = new Uint8Array([1]);

/** Makes the engine run each kind of statement that it has. */
async function doEverything(engine: Engine): Promise<void> {
  async function* body() {
    yield new Uint8Array(10);
  }
  const { token } = await engine.bytes.stage(body(), at(1000));
  const gone = await engine.bytes.stage(body(), at(1000));
  await engine.bytes.discard(gone.token);
  const entry = { index: "i", tuple, unique: true };
  const append: Op = { op: "append", stream: "s", events: [{ id: "a", type: "t", tags: [], data: "" }] };
  const unless = { after: 0, matches: () => false };
  const remove = (space: "records" | "blobs"): Op => ({ op: "delete", space, key: "a", version: "x", ifVersion: "v" });
  await engine.commit([[put("records", "a", "", { version: "v", index: [entry] }), put("kv", "a", "1")]], at(1000));
  await engine.commit([[put("blobs", "a", "", { version: "v", content: token })], [append]], at(1000));
  for (const [row] of [await engine.read("blobs", ["a"], at(1000))]) {
    if (row !== undefined) for await (const _ of engine.bytes.open(row, { offset: 0, length: 9 }, at(1000)));
  }
  await engine.commit([[put("records", "b", "", { index: [entry] })], [append], [{ ...append, unless }]], at(1000));
  await engine.commit([[{ op: "add", space: "kv", key: "a", by: 1, version: "x" }], [remove("records")]], at(1000));
  await engine.commit([[remove("blobs")], [put("records", "a", "", { index: [], expiresAt: 1000 })]], at(1000));
  for (const space of ["records", "kv", "blobs", "system", "streams"] as const) {
    await engine.read(space, ["a", ""], at(1000));
    for (const reverse of [false, true]) {
      for (const bounds of [{}, { lower: bound }, { upper: bound }, { lower: bound, upper: bound }]) {
        await engine.scan(space, everything({ ...bounds, reverse }), at(1000));
        if (space !== "records") continue;
        for (const after of [undefined, { tuple, key: "a" }]) {
          const { lower, upper } = { lower: tuple, upper: tuple, ...bounds };
          const range = {
            by: "index",
            index: "i",
            lower: lower === tuple ? undefined : tuple,
            upper: upper === tuple ? undefined : tuple,
          } as const;
          await engine.scan(space, { ...range, reverse, after, limit: 9, keysOnly: false }, at(1000));
        }
      }
    }
  }
  for (const reverse of [false, true]) {
    for (const numbers of [{}, { from: 1 }, { to: 1 }, { from: 1, to: 1 }]) {
      await engine.events({ ...numbers, reverse, limit: 9 }, at(1000));
      await engine.events({ ...numbers, stream: "s", reverse, limit: 9 }, at(1000));
    }
    await engine.events({ stream: "s", ids: ["a"], reverse, limit: 9 }, at(1000));
  }
  await engine.changes(undefined, 9, at(1000));
}

test("no statement scans a table or sorts", async () => {
  const statements = new Set<string>();
  const driver = faultyDriver({ before: (sql) => void statements.add(sql) });
  const adapter = await sqlite({ path: ":memory:", driver });
  onTestFinished(() => adapter.close?.());
  const engine = (await adapter.engine?.(scope)) as Engine;
  statements.clear(); // what opening does is done once
  await doEverything(engine);
  // The discarded content is swept.
  await expect.poll(() => [...statements].some((sql) => sql.includes("delete from blob_chunks"))).toBe(true);

  const explained = await openEngine();
  const db = explained.raw() as { prepare(sql: string): { all(...params: unknown[]): { detail: string }[] } };
  const slow: string[] = [];
  for (const sql of statements) {
    if (!/^\s*(select|insert|update|delete)/.test(sql)) continue;
    const params = Array.from(sql.matchAll(/\?/g), () => 1);
    for (const { detail } of db.prepare(`explain query plan ${sql}`).all(...params)) {
      // A constant row, a list of parameters, a walk along an index that the limit ends, or the last entry of one.
      if (/^SCAN (CONSTANT ROW|json_each|\(subquery|\d)|^SCAN deletions$|USING COVERING INDEX \w+_by_seq/.test(detail))
        continue;
      if (/^SCAN|TEMP B-TREE/.test(detail)) slow.push(`${detail}: ${sql}`);
    }
  }
  expect(slow).toEqual([]);
  expect(statements.size).toBeGreaterThan(60);
});
