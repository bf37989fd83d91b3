import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "@cuitty/persist-core";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { sqlite } from "../src/adapter.ts";
import { networkFileSystem } from "../src/location.ts";
import type { SqliteFactoryOptions } from "../src/options.ts";
import { migrations } from "../src/schema.ts";
import { at, drivers, everything, makeFolder, openEngine, put, scope } from "./engines.ts";

interface Raw {
  prepare(sql: string): { get(): Record<string, unknown> };
}

describe.each(drivers)("with $name", (driver) => {
  const failure = (options: SqliteFactoryOptions) => sqlite({ driver, ...options }).catch((error: unknown) => error);

  test.each([
    ["full", 2, "disk"],
    ["relaxed", 1, "memory"],
  ] as const)("durability %s is what SQLite has", async (durability, synchronous, capability) => {
    const engine = await openEngine({ driver, path: `${makeFolder()}/a.db`, durability });
    const raw = engine.raw() as Raw;
    expect(raw.prepare("pragma synchronous").get()).toEqual({ synchronous });
    expect(raw.prepare("pragma journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(engine.capabilities).toMatchObject({ durability: capability, writers: "host" });
    // Staging turns it down for a moment.
    await engine.bytes.stage((async function* () {})(), at(1000));
    expect(raw.prepare("pragma synchronous").get()).toEqual({ synchronous });
  });

  test("in memory, everything is gone with the adapter", async () => {
    const engine = await openEngine({ driver, path: ":memory:" });
    expect(engine.capabilities).toMatchObject({ durability: "memory", writers: "process" });
    await engine.commit([[put("kv", "a", "1")]], at(1000));
    expect(await (await openEngine({ driver, path: ":memory:" })).read("kv", ["a"], at(1000))).toEqual([undefined]);
  });

  test("makes the folders, and finds the data again", async () => {
    const path = join(makeFolder(), "some/deep folder/ä.db");
    const adapter = await sqlite({ driver, path });
    const engine = await adapter.engine?.(scope);
    await engine?.commit([[put("kv", "a", "1")]], at(1000));
    await adapter.close?.();
    const again = await openEngine({ driver, path });
    expect((await again.read("kv", ["a"], at(1000)))[0]).toMatchObject({ value: "1" });
  });

  test("a file belongs to one store, and holds all its namespaces", async () => {
    const path = `${makeFolder()}/a.db`;
    const adapter = await sqlite({ driver, path });
    onTestFinished(() => adapter.close?.());
    const [main, other] = await Promise.all(
      ["", "other"].map((namespace) => adapter.engine?.({ name: "app", namespace })),
    );
    await main?.commit([[put("kv", "a", "main")]], at(1000));
    await other?.commit([[put("kv", "a", "other")]], at(1000));
    expect((await main?.scan("kv", everything(), at(1000)))?.rows).toMatchObject([{ key: "a", value: "main" }]);
    await expect(adapter.engine?.({ name: "shop", namespace: "" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining('belongs to the store "app", not to "shop"'),
    });
  });

  test("refuses a file that is not SQLite, and leaves it alone", async () => {
    const path = `${makeFolder()}/a.db`;
    const text = "This is a letter, and no database at all. ".repeat(50);
    writeFileSync(path, text);
    expect(await failure({ path })).toMatchObject({ code: "CORRUPT", message: expect.stringContaining(path) });
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("refuses a file of another application, and leaves it alone", async () => {
    for (const sql of ["create table accounts (id integer)", "pragma application_id = 7"]) {
      const path = `${makeFolder()}/a.db`;
      const db = new Database(path);
      db.exec(sql);
      db.close();
      const before = readFileSync(path);
      expect(await failure({ path })).toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(/not a Persist file/),
      });
      expect(readFileSync(path).equals(before)).toBe(true);
    }
  });

  test("refuses a file of a newer version, and leaves it alone", async () => {
    const path = `${makeFolder()}/a.db`;
    await (await sqlite({ driver, path })).close?.();
    const db = new Database(path);
    db.pragma(`user_version = ${migrations.length + 1}`);
    db.close();
    expect(await failure({ path })).toMatchObject({ code: "MIGRATION", message: expect.stringContaining("Upgrade") });
  });

  test("says that a file is damaged", async () => {
    const path = `${makeFolder()}/a.db`;
    const adapter = await sqlite({ driver, path });
    const engine = (await adapter.engine?.(scope)) as Engine;
    const ops = Array.from({ length: 900 }, (_, i) => put("kv", `key-${i}`, "x".repeat(100)));
    await engine.commit([ops], at(1000));
    await adapter.close?.();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4096); // the first page stays, so that it opens
    writeFileSync(path, bytes);
    const damaged = async () => {
      const engine = await openEngine({ driver, path });
      return engine.read("kv", ["key-1"], at(1000));
    };
    await expect(damaged()).rejects.toMatchObject({ code: "CORRUPT" });
  });

  test("refuses a folder, a path through a file, and what is no path", async () => {
    const folder = makeFolder();
    writeFileSync(`${folder}/file`, "");
    expect(await failure({ path: folder })).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("is a folder"),
    });
    expect(await failure({ path: `${folder}/file/a.db` })).toMatchObject({ code: "INVALID_ARGUMENT" });
    for (const path of ["", "a\0b", " a.db", "a.db ", 7]) {
      expect(await failure({ path: path as string })).toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });

  test("closed, it says so", async () => {
    const adapter = await sqlite({ driver, path: ":memory:" });
    const engine = (await adapter.engine?.(scope)) as Engine;
    await adapter.close?.();
    await adapter.close?.();
    expect(() => engine.read("kv", ["a"], at(1000))).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });

  describe("in places that need root to make", () => {
    test("says that a file system is read-only", async (context) => {
      const { folder, remount } = mountTmpfs(context, "1m");
      const path = `${folder}/a.db`;
      await (await sqlite({ driver, path })).close?.();
      remount("ro");
      expect(await failure({ path })).toMatchObject({ code: "DENIED", message: expect.stringContaining(folder) });
      expect(await failure({ path: `${folder}/new.db` })).toMatchObject({ code: "DENIED" });
      expect(await failure({ path: `${folder}/new/a.db` })).toMatchObject({ code: "DENIED" });
      remount("rw");
    });

    test("says that the disk is full, keeps what is there, and goes on when there is space", async (context) => {
      const { folder } = mountTmpfs(context, "2m");
      const engine = await openEngine({ driver, path: `${folder}/a.db` });
      const value = JSON.stringify("x".repeat(50_000));
      let stored = 0;
      const fill = () => {
        for (; stored < 1000; stored++) void engine.commit([[put("kv", `k${stored}`, value)]], at(1000));
      };
      expect(fill).toThrow(
        expect.objectContaining({ code: "NO_SPACE", message: expect.stringContaining("disk is full") }),
      );
      expect(stored).toBeGreaterThan(0);
      expect((await engine.scan("kv", everything({ keysOnly: true }), at(1000))).rows).toHaveLength(stored);
      async function* body() {
        yield new Uint8Array(3_000_000);
      }
      await expect(engine.bytes.stage(body(), at(1000))).rejects.toMatchObject({ code: "NO_SPACE" });
      execFileSync("mount", ["-o", "remount,size=8m", folder]);
      expect(await engine.commit([[put("kv", "after", "1")]], at(1000))).toMatchObject([{ outcome: "applied" }]);
    });
  });
});

test("without a path, the file is named after the store, in a folder of its own", async () => {
  const folder = makeFolder();
  const cwd = vi.spyOn(process, "cwd").mockReturnValue(folder);
  onTestFinished(() => cwd.mockRestore());
  const adapter = await sqlite({ name: "app" });
  await adapter.close?.();
  expect(existsSync(join(folder, ".persist/app.db"))).toBe(true);
});

test("an older Node.js is told before the binding could kill it", async () => {
  const versions = process.versions;
  onTestFinished(() => void Object.defineProperty(process, "versions", { value: versions }));
  Object.defineProperty(process, "versions", { value: { ...versions, napi: "9" }, configurable: true });
  await expect(sqlite({ path: ":memory:" })).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("Node.js 22.14"),
  });
});

test("knows network file systems by their numbers, also by negative ones", () => {
  expect([0x6969, 0xff534d42 | 0, 0x01021997].map(networkFileSystem)).toEqual(["NFS", "CIFS", "9P"]);
  // ext4, tmpfs, overlay, btrfs, xfs, FUSE
  expect([0xef53, 0x01021994, 0x794c7630, 0x9123683e, 0x58465342, 0x65735546].map(networkFileSystem)).toEqual(
    Array(6).fill(undefined),
  );
});

test("options that nobody knows are refused with what was meant", async () => {
  const wrong = { path: ":memory:", durabilty: "full" } as SqliteFactoryOptions;
  await expect(sqlite(wrong)).rejects.toThrow('sqlite has no option "durabilty". Did you mean "durability"?');
  await expect(sqlite({ path: ":memory:", durability: "none" as "full" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  await expect(sqlite({ path: ":memory:", driver: {} as never })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(sqlite({})).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(sqlite({ name: "no/name" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

/** A small file system in memory, gone after the test. Skips the test, loudly, where it cannot be made. */
function mountTmpfs(context: { skip(note?: string): never }, size: string) {
  const folder = join(makeFolder(), "mount");
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "pipe" });
  } catch {
    console.warn("SKIPPED: needs root, and the right to mount a tmpfs");
    return context.skip("needs root, and the right to mount a tmpfs");
  }
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  return { folder, remount: (mode: "ro" | "rw") => execFileSync("mount", ["-o", `remount,${mode}`, folder]) };
}
