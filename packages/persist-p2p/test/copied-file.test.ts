/** What was copied or put back from a backup is a peer of its own; only a copy of all that belongs to a peer is nobody. */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createStore, type Store } from "@cuitty/persist-core";
import { p2p } from "@cuitty/persist-p2p";
import { backup } from "@cuitty/persist-p2p/adapter";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "./stores.ts";

async function open(path: string, peers: readonly string[] = []): Promise<Store> {
  const store = await createStore({
    name: "notes",
    adapter: "p2p",
    path,
    discovery: { method: "static", topic: "notes", peers },
    secret: "a secret of more than sixteen bytes",
  });
  onTestFinished(() => store.close());
  await p2p(store).started();
  return store;
}

const eventsOf = async (store: Store) => (await store.events.read("s").toArray()).map(({ data }) => data).sort();

test("a backup, opened elsewhere or put back, is a peer of its own, and loses nothing that it writes before it meets others", {
  timeout: 90_000,
}, async () => {
  const folder = temporaryFolder();
  const [original, saved] = [join(folder, "a.db"), join(folder, "saved.db")];
  const a = await open(original);
  await a.events.append("s", { type: "t", data: "before" });
  await backup(original, saved);
  const other = await open(join(folder, "other.db"), p2p(a).status().listening);
  await a.events.append("s", { type: "t", data: "lost" });
  await p2p(other).synced({ peers: 1, timeout: "60s" });
  await a.close();

  for (const suffix of ["", "-wal", "-shm"]) rmSync(original + suffix, { force: true });
  copyFileSync(saved, original);
  const restored = await open(original);
  await restored.events.append("s", { type: "t", data: "after" }); // under the number that "lost" has elsewhere
  await restored.close();
  const again = await open(original, p2p(other).status().listening);
  await p2p(again).synced({ peers: 1, timeout: "60s" });
  expect([await eventsOf(again), await eventsOf(other)]).toEqual([
    ["after", "before", "lost"],
    ["after", "before", "lost"],
  ]);
});

test("a file that was copied without what is beside it is a peer of its own", { timeout: 90_000 }, async () => {
  const folder = temporaryFolder();
  const [original, copied] = [join(folder, "a.db"), join(folder, "copy.db")];
  const before = await open(original);
  await before.events.append("s", { type: "t", data: "before" });
  await before.close();
  copyFileSync(original, copied);
  const [a, b] = [await open(original), await open(copied)];
  await a.events.append("s", { type: "t", data: "a" });
  await b.events.append("s", { type: "t", data: "b" });
  const third = await open(
    join(folder, "c.db"),
    [a, b].flatMap((store) => p2p(store).status().listening),
  );
  await p2p(third).synced({ peers: 2, timeout: "60s" });
  await p2p(a).synced({ peers: 1, timeout: "60s" });
  expect([await eventsOf(a), await eventsOf(third)]).toEqual([
    ["a", "b", "before"],
    ["a", "b", "before"],
  ]);
});

test("a copy with all that belongs to the peer is told, and gets nothing", { timeout: 90_000 }, async () => {
  const folder = temporaryFolder();
  const [original, copied] = [join(folder, "a.db"), join(folder, "copy.db")];
  const before = await open(original);
  await before.records.put("r", { n: 1 });
  await before.close();
  copyFileSync(original, copied);
  mkdirSync(`${copied}-peer`);
  copyFileSync(`${original}-peer/openings`, `${copied}-peer/openings`);
  const a = await open(original);
  await a.kv.set("later", 1);
  const copy = await open(copied, p2p(a).status().listening);
  const told = async (store: Store) => (await p2p(store).diagnose()).map(({ detail }) => detail).join();
  // By whoever was the first to hear of it, and has ended the link.
  const byEither = async () => (await told(a)) + (await told(copy));
  await expect.poll(byEither, { timeout: 20_000 }).toContain("has a copy of this file");
  expect(await copy.kv.get("later")).toBeUndefined();
});
