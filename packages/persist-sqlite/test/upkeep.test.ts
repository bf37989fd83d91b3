/** Backups, and the check of a file. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { backup, checkIntegrity } from "../src/adapter.ts";
import { at, drivers, everything, makeFolder, openEngine, put } from "./engines.ts";

describe.each(drivers)("with $name", (driver) => {
  test("a backup is one state of the file, while writing goes on", async () => {
    const folder = makeFolder();
    const path = `${folder}/a.db`;
    const engine = await openEngine({ driver, path });
    const pad = "x".repeat(2000);
    for (let i = 0; i < 3; i++) {
      await engine.commit([Array.from({ length: 1000 }, (_, j) => put("kv", `pad-${i}-${j}`, pad))], at(1000));
    }
    let running = true;
    const copying = backup(path, `${folder}/copy.db`, driver).finally(() => {
      running = false;
    });
    let written = 0;
    for (; running; written++) {
      // Always both or none.
      await engine.commit([[put("kv", "left", String(written)), put("records", "right", String(written))]], at(1000));
      await new Promise(setImmediate);
    }
    await copying;
    expect(written).toBeGreaterThan(1);
    expect(await checkIntegrity(`${folder}/copy.db`, driver)).toEqual([]);
    const copy = await openEngine({ driver, path: `${folder}/copy.db` });
    const [[left], [right]] = [
      await copy.read("kv", ["left"], at(1000)),
      await copy.read("records", ["right"], at(1000)),
    ];
    expect(left?.value).toBe(right?.value);
    expect(
      (await copy.scan("kv", everything({ lower: { key: "pad", inclusive: true }, limit: 5000 }), at(1000))).rows,
    ).toHaveLength(3000);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("a backup replaces nothing, and leaves nothing behind where it fails", async () => {
    const folder = makeFolder();
    const path = `${folder}/a.db`;
    await openEngine({ driver, path });
    writeFileSync(`${folder}/taken.db`, "precious");
    await expect(backup(path, `${folder}/taken.db`, driver)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(backup(`${folder}/missing.db`, `${folder}/b.db`, driver)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(backup(`${folder}/taken.db`, `${folder}/b.db`, driver)).rejects.toMatchObject({ code: "CORRUPT" });
    await expect(backup(path, `${folder}/no/b.db`, driver)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(readdirSync(folder).filter((name) => !name.startsWith("a.db"))).toEqual(["taken.db"]);
  });

  test("the check finds nothing wrong with a file in use", async () => {
    const path = `${makeFolder()}/a.db`;
    const engine = await openEngine({ driver, path });
    async function* body() {
      yield new Uint8Array(600_000);
    }
    const [one, two] = [await engine.bytes.stage(body(), at(1000)), await engine.bytes.stage(body(), at(1000))];
    const index = [{ index: "i", tuple: new Uint8Array([1]), unique: false }];
    await engine.commit(
      [
        [put("blobs", "b", "{}", { content: one.token }), put("records", "r", "1", { index })],
        [put("blobs", "b", "{}", { content: two.token })],
        [{ op: "append", stream: "s", events: [{ id: "e", type: "t", tags: [], data: "1" }] }],
      ],
      at(1000),
    );
    await engine.bytes.stage(body(), at(1000));
    expect(await checkIntegrity(path, driver)).toEqual([]);
  });
});

test.each([
  ["delete from blob_contents", /blob 'b' names content 1, which is not there/],
  ["update blob_contents set free_at = 0", /blob 'b' names content 1, which is due to be freed/],
  ["delete from blobs", /content 1 belongs to no blob/],
  ["delete from blob_chunks", /content 1 should have 10 bytes and has 0/],
  ["update streams set version = 7", /stream 's' ends with version 7 at position 2/],
  ["delete from events where version = 1", /the log of namespace '' has 1 events up to position 2/],
  ["delete from streams", /event 'e1' is in stream 's', which is not there/],
  ["delete from records", /index 'i' points to record 'r', which is not there/],
  ["update kv set seq = 1", /change number 1 was given out 2 times/],
])("the check tells what is wrong after %s", async (sql, problem) => {
  const path = `${makeFolder()}/a.db`;
  const engine = await openEngine({ path });
  async function* body() {
    yield new Uint8Array(10);
  }
  const { token } = await engine.bytes.stage(body(), at(1000));
  const index = [{ index: "i", tuple: new Uint8Array([1]), unique: false }];
  const events = ["e1", "e2"].map((id) => ({ id, type: "t", tags: [], data: "1" }));
  await engine.commit(
    [
      [put("records", "r", "1", { index }), put("kv", "k", "1")],
      [put("blobs", "b", "{}", { content: token })],
      [{ op: "append", stream: "s", events }],
    ],
    at(1000),
  );
  (engine.raw() as Database.Database).exec(sql);
  expect((await checkIntegrity(path)).join("\n")).toMatch(problem);
});

test("the check tells of damaged pages, and refuses what is no file of ours", async () => {
  const folder = makeFolder();
  expect(existsSync(`${folder}/a.db`)).toBe(false);
  await expect(checkIntegrity(`${folder}/a.db`)).rejects.toMatchObject({ code: "NOT_FOUND" });
  const db = new Database(`${folder}/other.db`);
  db.exec("create table t (x)");
  db.close();
  await expect(checkIntegrity(`${folder}/other.db`)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
