// More connections wanted than a server has.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStore, PersistError } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing, query } from "@cuitty/persist-servers";
import { describe, expect, onTestFinished, test } from "vitest";
import { postgres } from "../src/adapter.ts";
import { killable, openStore, startServer } from "./stores.ts";

const missing = mayBeMissing(() => findPostgres());

describe.skipIf(missing)(`few connections${missing && ` (skipped: ${missing})`}`, () => {
  test("of two hundred stores that open at once, each gets through or is told that there is none left", async () => {
    const server = await startServer({ flags: { max_connections: 100 } });
    const opened = await Promise.allSettled(
      Array.from({ length: 200 }, async () => {
        const adapter = await postgres({ url: server.url });
        onTestFinished(() => adapter.close?.());
        const store = await createStore({ name: "storm", adapter });
        await store.kv.increment("stores", 1);
        return store;
      }),
    );
    const stores = opened.filter((one) => one.status === "fulfilled").map(({ value }) => value);
    for (const one of opened) {
      if (one.status === "fulfilled") continue;
      if (!PersistError.is(one.reason, "UNAVAILABLE")) throw one.reason;
      expect(one.reason.message).toMatch(/no connection left/);
    }
    console.log(`${stores.length} of 200 stores got through`);
    expect(stores.length).toBeGreaterThan(50);
    // Those that have one go on with it, however much they want to do.
    const [one] = stores;
    await Promise.all(Array.from({ length: 100 }, (_, n) => one?.kv.set(`k-${n}`, n)));
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a server that comes back with fewer of them than a store may have", async () => {
    const dir = mkdtempSync(join(tmpdir(), "persist-few-connections-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const before = await startServer({ flags: killable, dir });
    const store = await openStore(before.url, { pool: { max: 20 } });
    await Promise.all(Array.from({ length: 200 }, (_, n) => store.kv.set(`k-${n}`, n)));
    await before.stop();
    const after = await startServer({
      dir,
      port: before.port,
      flags: { ...killable, max_connections: 6, superuser_reserved_connections: 0, max_wal_senders: 0 },
    });
    expect(await query(after.url, "show max_connections")).toEqual([{ max_connections: "6" }]);
    for (let round = 0; round < 5; round++) {
      await Promise.all([
        ...Array.from({ length: 50 }, (_, n) => store.kv.increment(`n-${n}`, 1)),
        ...Array.from({ length: 50 }, (_, n) => store.transaction(async (tx) => tx.kv.set(`t-${n}`, round))),
        ...Array.from({ length: 50 }, async (_, n) => expect(await store.kv.get(`k-${n}`)).toBe(n)),
      ]);
    }
    expect(await store.kv.get("n-0")).toBe(5);
  });
});
