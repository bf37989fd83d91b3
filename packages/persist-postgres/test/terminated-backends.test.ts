// Backends and whole servers that end in the middle of work: errors are clear, nothing acknowledged is lost, and the same store goes on.
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { PersistError, type Store } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing, type PostgresServer } from "@cuitty/persist-servers";
import { describe, expect, test } from "vitest";
import { killable, openSql, openStore, startServer, unlessUnavailable } from "./stores.ts";

const missing = mayBeMissing(() => findPostgres());

/** Of a lane that sets its key to 1, 2, 3 …, and appends an event of each number. */
interface Lane {
  readonly name: string;
  /** The last number that was acknowledged, and the last one that was tried. */
  set: number;
  tried: number;
  readonly appended: string[];
  readonly doubtful: Set<string>;
  failures: number;
}

async function work(store: Store, lane: Lane, goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    const n = ++lane.tried;
    const set = await unlessUnavailable(store.kv.set(lane.name, n));
    if (PersistError.is(set)) lane.failures++;
    else lane.set = n;
    const id = `${lane.name}-${n}`;
    const appended = await unlessUnavailable(store.events.append(lane.name, { id, type: "t", data: 0 }));
    if (!PersistError.is(appended)) lane.appended.push(id);
    else if (appended.outcome === "unknown") lane.doubtful.add(id);
    if (PersistError.is(appended)) await wait(5);
  }
}

/** Everything that was acknowledged is there, once, and the log has no holes. */
async function expectAllThere(store: Store, lanes: readonly Lane[]): Promise<void> {
  for (const { name, set, tried } of lanes) {
    const value = (await store.kv.get<number>(name)) ?? 0;
    expect(value).toBeGreaterThanOrEqual(set);
    expect(value).toBeLessThanOrEqual(tried);
  }
  const log = await store.events.readAll().toArray({ max: 1_000_000 });
  expect(log.map(({ position }) => position)).toEqual(log.map((_, i) => i + 1));
  for (const { name, appended, doubtful } of lanes) {
    const stored = log.filter(({ stream }) => stream === name).map(({ id }) => id);
    expect(stored.filter((id) => !doubtful.has(id))).toEqual(appended);
  }
}

/** Some lanes at once while `disturb` runs. */
async function underLoad(store: Store, disturb: () => Promise<void>): Promise<readonly Lane[]> {
  let goesOn = true;
  const lanes = Array.from(
    { length: 12 },
    (_, n): Lane => ({ name: `lane-${n}`, set: 0, tried: 0, appended: [], doubtful: new Set(), failures: 0 }),
  );
  const all = Promise.all(lanes.map((lane) => work(store, lane, () => goesOn)));
  try {
    await disturb();
    const before = lanes.map(({ set }) => set);
    // Each of them gets on, on the store as it is.
    await expect.poll(() => lanes.every(({ set }, i) => set > (before[i] ?? 0) + 2), { timeout: 60_000 }).toBe(true);
  } finally {
    goesOn = false;
    await all;
  }
  await expectAllThere(store, lanes);
  return lanes;
}

describe.skipIf(missing)(`ended from outside${missing && ` (skipped: ${missing})`}`, () => {
  const terminateOthers =
    "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";

  test("all backends, again and again in the middle of load", async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    const admin = openSql(server.url);
    const lanes = await underLoad(store, async () => {
      for (let n = 0; n < 40; n++) {
        await admin.unsafe(terminateOthers);
        await wait(Math.random() * 60);
      }
    });
    expect(lanes.reduce((sum, { failures }) => sum + failures, 0)).toBeGreaterThan(0);
  });

  test("the server, killed and started again in the middle of load", async () => {
    const server = await startServer({ flags: killable });
    const store = await openStore(server.url);
    await underLoad(store, async () => {
      for (let n = 0; n < 4; n++) {
        await wait(300);
        await server.kill9();
        await server.restart();
      }
    });
  });

  test("the server, stopped in good order and started again", async () => {
    const server = await startServer({ flags: killable });
    const store = await openStore(server.url);
    await underLoad(store, async () => {
      await wait(300);
      await server.restart();
    });
  });

  async function crash(server: PostgresServer): Promise<void> {
    await server.kill9();
    await server.restart();
  }

  test("the server, while events are read and followed: nothing is passed over", async () => {
    const server = await startServer({ flags: killable });
    const store = await openStore(server.url);
    const count = 5000;
    for (let at = 0; at < count; at += 1000) {
      const events = Array.from({ length: 1000 }, (_, i) => ({ id: `e-${at + i}`, type: "t", data: "x".repeat(200) }));
      await store.events.append("s", events);
    }
    const followed: number[] = [];
    const subscription = store.events.subscribe({ after: "start" });
    const following = (async () => {
      for await (const { position } of subscription) {
        followed.push(position);
        if (followed.length === 1500) await crash(server);
      }
    })();
    await expect.poll(() => followed.length, { timeout: 60_000 }).toBe(count);

    const read: number[] = [];
    let crashes = 0;
    while (read.length < count) {
      const page = (async () => {
        for await (const { position } of store.events.readAll({ after: read.length })) {
          read.push(position);
          if (read.length === 700 || read.length === 2900) {
            crashes++;
            await crash(server);
          }
        }
      })();
      await unlessUnavailable(page);
    }
    expect(crashes).toBe(2);
    await store.events.append("s", { id: "last", type: "t", data: 0 });
    await expect.poll(() => followed.length, { timeout: 60_000 }).toBe(count + 1);
    await subscription.close();
    await following;
    const all = Array.from({ length: count + 1 }, (_, i) => i + 1);
    expect(followed).toEqual(all);
    expect(read).toEqual(all.slice(0, count));
  });

  test("the server, while a blob is read and while one is written: whole or not at all", async () => {
    const server = await startServer({ flags: killable });
    const store = await openStore(server.url);
    const bytes = randomBytes(12 * 1024 * 1024);
    await store.blobs.put("film", bytes);

    const download = async (): Promise<Buffer> => {
      const blob = await store.blobs.get("film");
      const chunks: Uint8Array[] = [];
      for await (const chunk of blob?.body ?? []) {
        if (chunks.push(chunk) === 3) await crash(server);
      }
      return Buffer.concat(chunks);
    };
    const got = await unlessUnavailable(download());
    if (!PersistError.is(got)) expect(Buffer.compare(got as Buffer, bytes)).toBe(0);

    async function* body() {
      for (let at = 0; at < bytes.length; at += 256 * 1024) {
        if (at === 8 * 1024 * 1024) await crash(server);
        yield bytes.subarray(at, at + 256 * 1024);
      }
    }
    const put = await unlessUnavailable(store.blobs.put("new film", body()));
    expect(await store.blobs.verify("film")).toBe(true);
    if (PersistError.is(put)) {
      expect(put.outcome).toBe("not-applied");
      expect(await store.blobs.has("new film")).toBe(false);
      await store.blobs.put("new film", bytes);
    }
    expect(await store.blobs.verify("new film")).toBe(true);
  });
});
