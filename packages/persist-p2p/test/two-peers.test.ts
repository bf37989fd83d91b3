import { createStore, type Store } from "@cuitty/persist-core";
import "@cuitty/persist-p2p";
import { join } from "node:path";
import { p2p } from "@cuitty/persist-p2p";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "./stores.ts";

const secret = "a secret of more than sixteen bytes";

async function open(folder: string, name: string, peers: readonly string[] = []): Promise<Store> {
  const store = await createStore({
    name: "notes",
    adapter: "p2p",
    path: join(folder, `${name}.db`),
    discovery: { method: "static", topic: "notes", peers },
    listen: ["/ip4/127.0.0.1/tcp/0"],
    secret,
  });
  onTestFinished(() => store.close());
  return store;
}

async function addressOf(store: Store): Promise<string> {
  await p2p(store).started();
  return p2p(store).status().listening[0] as string;
}

test("two stores find each other at a known address and become equal", { timeout: 30_000 }, async () => {
  const folder = temporaryFolder();
  const a = await open(folder, "a");
  await a.records.put("r", { title: "hello" });
  await a.blobs.put("picture", Buffer.alloc(1_000_000, "p"));
  const b = await open(folder, "b", [await addressOf(a)]);
  await b.events.append("s", { type: "t", data: 1 });
  await p2p(b).synced({ peers: 1 });
  expect(await b.digest()).toBe(await a.digest());
  await a.kv.set("live", true);
  await expect.poll(() => b.kv.get("live")).toBe(true);
  await p2p(a).synced({ peers: 1 });
  expect(p2p(a).peers()).toHaveLength(1);
});
