import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@cuitty/persist-core";
import { findPostgres, MissingServer, mayBeMissing, query } from "@cuitty/persist-servers";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkIntegrity } from "../src/adapter.ts";
import { openStore, startServer } from "./stores.ts";

// Debian's; the one from npm comes without pg_dump.
const version = 15;
const program = (name: string) => join(findPostgres(version).folder, name);
const missing = mayBeMissing(() => {
  try {
    execFileSync(program("pg_dump"), ["--version"]);
  } catch (error) {
    throw error instanceof MissingServer ? error : new MissingServer(`There is no pg_dump of PostgreSQL ${version}.`);
  }
});

async function changesOf(store: Store, since?: string) {
  const changes = [];
  for await (const change of store.changes({ live: false, ...(since === undefined ? {} : { since }) }))
    changes.push(change);
  return changes;
}

const lastCursor = async (store: Store) => (await changesOf(store)).at(-1)?.cursor as string;

describe.skipIf(missing)(`pg_dump${missing && ` (skipped: ${missing})`}`, () => {
  test("takes a store into a fresh cluster, where it goes on, and its cursors as far as they are of the dump", async () => {
    const [one, other] = [await startServer({ version }), await startServer({ version })];
    const folder = await mkdtemp(join(tmpdir(), "persist-dump-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const dump = join(folder, "persist.dump");

    // So that the numbers of its transactions are far above those of a fresh cluster.
    await query(one.url, "do $$ begin for i in 1..2000 loop perform pg_current_xact_id(); commit; end loop; end $$");
    const store = await openStore(one.url);
    await store.records.put("users/ada", { name: "Ada\0", big: 2n ** 70n });
    await store.blobs.put("picture", new Uint8Array(600_000).fill(7));
    await store.events.append("log", [{ type: "a", data: null }]);
    const cursor = await lastCursor(store);
    await store.kv.set("after the cursor", 1);
    const digest = await store.digest();
    execFileSync(program("pg_dump"), ["--format=custom", "--schema=persist", `--file=${dump}`, one.url]);
    await store.kv.set("after the dump", 1);
    const later = await lastCursor(store);

    execFileSync(program("pg_restore"), ["--exit-on-error", `--dbname=${other.url}`, dump]);
    expect(await checkIntegrity({ url: other.url })).toEqual([]);
    const restored = await openStore(other.url);
    expect(await restored.digest()).toBe(digest);
    await restored.kv.set("new", 1);
    const keys = (await changesOf(restored, cursor)).map((change) => ("key" in change ? change.key : change.stream));
    expect(keys).toEqual(["after the cursor", "new"]);
    await expect(changesOf(restored, later)).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
    expect(await checkIntegrity({ url: other.url })).toEqual([]);
  });
});
