import { type ChangedRow, deletionsKeptFor, type Engine } from "@cuitty/persist-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { sqlite } from "../src/adapter.ts";
import { at, drivers, makeFolder, openEngine, put, scope } from "./engines.ts";

const remove = (key: string) => ({ op: "delete", space: "kv", key, version: `no-${key}` }) as const;

async function readAll(engine: Engine, since?: string, limit = 3): Promise<ChangedRow[]> {
  const all: ChangedRow[] = [];
  for (let cursor = since; ; ) {
    const page = await engine.changes(cursor, limit, at(1000));
    all.push(...page.changes);
    cursor = page.cursor;
    if (page.changes.length === 0) return all;
  }
}

describe.each(drivers)("with $name", (driver) => {
  test("reports all spaces in commit order, and only what came after a cursor", async () => {
    const engine = await openEngine({ driver });
    const append = { op: "append", stream: "s", events: [{ id: "e", type: "t", tags: [], data: "1" }] } as const;
    await engine.commit(
      [[put("records", "r", "1")], [put("kv", "k", "1"), append], [put("blobs", "b", "1")]],
      at(1000),
    );
    await engine.commit([[put("system", "y", "1")], [remove("k")]], at(1001));
    const all = await readAll(engine);
    expect(all.map(({ space, key }) => `${space}/${key}`)).toEqual([
      "records/r",
      "streams/s",
      "blobs/b",
      "system/y",
      "kv/k",
    ]);
    expect(all[1]).toMatchObject({ version: "1", row: { value: '{"version":1,"position":1}' } });
    expect(all[4]).toMatchObject({ row: undefined, version: "no-k", time: 1001 });
    for (const [i, { cursor }] of all.entries()) expect(await readAll(engine, cursor)).toEqual(all.slice(i + 1));
  });

  test("an empty page answers where it stands, also past what other namespaces wrote", async () => {
    const adapter = await sqlite({ path: ":memory:", driver });
    onTestFinished(() => adapter.close?.());
    const [one, two] = await Promise.all(["one", "two"].map((namespace) => adapter.engine?.({ ...scope, namespace })));
    await one?.commit([[put("kv", "a", "1")]], at(1000));
    const before = await two?.changes(undefined, 10, at(1000));
    expect(before?.changes).toEqual([]);
    await two?.commit([[put("kv", "b", "1")]], at(1000));
    expect(await two?.changes(before?.cursor, 10, at(1000))).toMatchObject({ changes: [{ key: "b" }] });
    const [seen] = await readAll(one as Engine);
    expect(seen).toMatchObject({ key: "a" });
    expect(await one?.changes(seen?.cursor, 10, at(1000))).toMatchObject({ changes: [] });
  });
});

test("refuses what is not its cursor, without a guess", async () => {
  const engine = await openEngine();
  await engine.commit([[put("kv", "a", "1")]], at(1000));
  for (const cursor of [
    "",
    "1",
    "1.",
    "1.01",
    "1.-1",
    "1.1e3",
    "2.1",
    "1.99999999999999999999",
    "1.1 ",
    "1.1; drop table kv",
  ]) {
    expect(() => engine.changes(cursor, 10, at(1000))).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  }
  expect(() => engine.changes("1.2", 10, at(1000))).toThrow(expect.objectContaining({ code: "CURSOR_EXPIRED" }));
});

test("deletions age out, and with them the cursors that would need them", async () => {
  let now = 1000;
  const path = `${makeFolder()}/a.db`;
  const open = async () => {
    const adapter = await sqlite({ path });
    onTestFinished(() => adapter.close?.());
    return { engine: (await adapter.engine?.(scope)) as Engine, close: () => adapter.close?.() };
  };
  const first = await open();
  await first.engine.commit([[put("kv", "a", "1"), put("kv", "b", "1")], [remove("a")], [remove("b")]], at(now));
  const all = await readAll(first.engine);
  expect(all.map((change) => change.version)).toEqual(["no-a", "no-b"]);
  await first.close();
  now += deletionsKeptFor + 1;
  const { engine } = await open();
  await engine.commit([], at(now)); // any write starts a sweep
  // The last one stays for ever: its number must not be given out again.
  await expect.poll(() => readAll(engine)).toEqual(all.slice(1));
  const begin = (await engine.changes(undefined, 1, at(now))).cursor;
  expect(await engine.changes(begin, 10, at(now))).toMatchObject({ changes: [] });
  expect(() => engine.changes("1.1", 10, at(now))).toThrow(expect.objectContaining({ code: "CURSOR_EXPIRED" }));
  await engine.commit([[put("kv", "c", "1")]], at(now));
  expect((await readAll(engine)).map((change) => change.key)).toEqual(["b", "c"]);
});

test("rows that expire are removed, and reported once more as gone", async () => {
  let now = 1000;
  const path = `${makeFolder()}/a.db`;
  const open = async () => {
    const adapter = await sqlite({ path });
    onTestFinished(() => adapter.close?.());
    return { engine: (await adapter.engine?.(scope)) as Engine, close: () => adapter.close?.() };
  };
  const first = await open();
  const index = [{ index: "i", tuple: new Uint8Array([1]), unique: false }];
  await first.engine.commit(
    [
      Array.from({ length: 450 }, (_, i) => put("records", `r${i}`, "1", { expiresAt: 2000, index })),
      [put("kv", "k", "1")],
    ],
    at(now),
  );
  const before = (await readAll(first.engine)).at(-1)?.cursor;
  await first.close();
  now = 2000;
  const { engine } = await open();
  await engine.commit([], at(now)); // any write starts a sweep
  await expect.poll(async () => (await readAll(engine, before)).length).toBe(450);
  const db = engine.raw() as { prepare(sql: string): { get(): unknown } };
  expect(db.prepare("select (select count(*) from records) + (select count(*) from record_index) as n").get()).toEqual({
    n: 0,
  });
  expect((await readAll(engine)).filter((change) => change.row !== undefined)).toMatchObject([{ key: "k" }]);
});
