// A disk that is full: what cannot be stored fails with NO_SPACE, what was acknowledged stays, and the same store works again once there is space.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PersistError, type Store } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing, query } from "@cuitty/persist-servers";
import { describe, expect, onTestFinished, test } from "vitest";
import { killable, openStore, startServer } from "./stores.ts";

const missing = mayBeMissing(() => findPostgres()) || whyNoMount();

/** Continuous integration may mount. */
function whyNoMount(): string {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "a disk that is full needs root, on Linux";
  const folder = mkdtempSync(join(tmpdir(), "persist-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "pipe" });
    execFileSync("umount", [folder]);
    return "";
  } catch (error) {
    if (process.env.PERSIST_REQUIRE_SERVERS) throw error;
    return `a disk that is full needs mount, and that failed: ${(error as Error).message}`;
  } finally {
    rmdirSync(folder);
  }
}

/** A disk of its own, as large as is said: megabytes. */
function mountDisk(megabytes: number): { readonly folder: string; resize(megabytes: number): void } {
  const folder = mkdtempSync(join(tmpdir(), "persist-full-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  onTestFinished(() => {
    execFileSync("umount", ["--lazy", folder]);
    rmdirSync(folder);
  });
  return {
    folder,
    resize: (more) => void execFileSync("mount", ["-o", `remount,size=${more}m`, folder]),
  };
}

/** Writes of all kinds until nothing goes any more, and the numbers of those that were acknowledged. */
async function fill(
  store: Store,
  isFull: (error: PersistError) => boolean,
): Promise<{ acknowledged: number[]; errors: PersistError[] }> {
  const acknowledged: number[] = [];
  const errors: PersistError[] = [];
  for (let n = 0; errors.length < 8; n++) {
    const text = randomBytes(60_000).toString("base64");
    const writes = [
      () => store.kv.set(`kv-${n}`, text),
      () => store.records.put(`record-${n}`, { text }),
      () => store.events.append(`stream-${n}`, { id: `event-${n}`, type: "t", data: text }),
      () => store.blobs.put(`blob-${n}`, text),
    ];
    try {
      await writes[n % 4]?.();
      acknowledged.push(n);
    } catch (error) {
      if (!PersistError.is(error) || !isFull(error)) throw error;
      errors.push(error);
    }
  }
  return { acknowledged, errors };
}

async function expectThere(store: Store, acknowledged: readonly number[]): Promise<void> {
  const isThere = (n: number): Promise<unknown> =>
    [
      () => store.kv.has(`kv-${n}`),
      () => store.records.has(`record-${n}`),
      async () => (await store.events.head(`stream-${n}`)) === 1,
      () => store.blobs.verify(`blob-${n}`),
    ][n % 4]?.() ?? Promise.resolve(false);
  for (const n of acknowledged) expect(await isThere(n), `write number ${n}`).toBe(true);
  const log = await store.events.readAll().toArray({ max: 100_000 });
  expect(log.map(({ position }) => position)).toEqual(log.map((_, i) => i + 1));
}

describe.skipIf(missing)(`on a full disk${missing && ` (skipped: ${missing})`}`, () => {
  test("of the tables, writes fail with NO_SPACE and reads go on", async () => {
    const disk = mountDisk(40);
    // As it is by default: more than the disk holds. With less, a read may have to write out somebody's page to have room for its own.
    const server = await startServer({ flags: { ...killable, shared_buffers: "128MB" } });
    const { uid, gid } = statSync(join(server.dir ?? "", "data"));
    const folder = join(disk.folder, "tables");
    mkdirSync(folder);
    chownSync(folder, uid, gid);
    await query(server.url, `create tablespace small location '${folder}'`, "create database small tablespace small");
    const url = new URL(server.url);
    url.pathname = "/small";
    const store = await openStore(url.href);

    const { acknowledged, errors } = await fill(store, ({ code }) => code === "NO_SPACE");
    expect(acknowledged.length).toBeGreaterThan(20);
    for (const error of errors) expect(error).toMatchObject({ outcome: "not-applied", retryable: false });
    await expectThere(store, acknowledged);

    disk.resize(200);
    await store.kv.set("after", 1);
    await store.blobs.put("after", randomBytes(1_000_000));
    await store.events.append("after", { type: "t", data: 0 });
    await expectThere(store, acknowledged);
  });

  test("of the server's own log, the server may go down, and comes back with all that was acknowledged", async () => {
    const disk = mountDisk(150);
    const dir = join(disk.folder, "server");
    mkdirSync(dir);
    const server = await startServer({
      dir,
      flags: {
        ...killable,
        max_wal_size: "32MB",
        min_wal_size: "32MB",
        checkpoint_timeout: "1h",
        wal_keep_size: "2GB",
      },
    });
    const store = await openStore(server.url);
    // It crashes, starts again by itself, and cannot write that it did.
    const { acknowledged } = await fill(store, ({ code }) => code === "NO_SPACE" || code === "UNAVAILABLE");
    expect(acknowledged.length).toBeGreaterThan(20);
    disk.resize(600);
    await server.restart();
    await expectThere(store, acknowledged);
    await store.kv.set("after", 1);
    expect(await store.kv.get("after")).toBe(1);
  });
});
