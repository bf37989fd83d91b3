import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createStore, type Store } from "@cuitty/persist-core";
import { p2p } from "@cuitty/persist-p2p";
import { findFreePort } from "@cuitty/persist-servers";
import { expect, onTestFinished, test } from "vitest";
import { takeNetworkRole } from "../src/network-role.ts";
import { temporaryFolder } from "./stores.ts";

const discovery = { method: "static", topic: "notes" } as const;
const secret = "a secret of more than sixteen bytes";

async function open(o: object): Promise<Store> {
  const store = await createStore({ name: "notes", adapter: "p2p", path: ":memory:", ...o });
  onTestFinished(() => store.close());
  return store;
}

test("where another process has the file's network, that is said at once, and the network comes with its end", async () => {
  const path = join(temporaryFolder(), "notes.db");
  const signal = new AbortController().signal;
  const role = await takeNetworkRole(`${path}-peer`, { signal, onWait: () => undefined });
  const store = await open({ path, discovery, secret });
  for (const call of [p2p(store).started, p2p(store).synced, p2p(store).invite]) {
    await expect(call()).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
  }
  expect(p2p(store).status()).toMatchObject({ discovery: "off", detail: expect.stringContaining("Another process") });
  expect(await p2p(store).diagnose()).toEqual([
    { what: "network", ok: false, detail: expect.stringContaining("Another process") },
  ]);
  await store.kv.set("k", 1);
  role?.release();
  await expect.poll(() => p2p(store).status().discovery, { timeout: 20_000 }).toBe("ok");
  await p2p(store).started();
});

test("without discovery there is no network, and it is said", async () => {
  const store = await open({});
  await expect(p2p(store).synced()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  expect(await p2p(store).diagnose()).toMatchObject([{ ok: false, detail: expect.stringContaining("discovery") }]);
});

test("the owner of a group tells the key that the others name", async () => {
  const owner = await open({ discovery, members: "owner" });
  await p2p(owner).started();
  const key = p2p(owner).status().owner as string;
  const peers = p2p(owner).status().listening;
  const member = await open({ discovery: { ...discovery, peers }, members: { owner: key } });
  await p2p(member).pair(await p2p(owner).invite());
  await p2p(member).synced({ peers: 1 });
  expect(p2p(member).status()).toMatchObject({ owner: key, discovery: "ok" });
});

test.each(["secret", "members", "networkKey"])("%s that is undefined opens nothing to anybody", async (name) => {
  await expect(open({ discovery, [name]: undefined })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("environment variable"),
  });
});

test("a network that could not start is started when it can be", async () => {
  const [port, other] = [await findFreePort(), createServer()];
  onTestFinished(() => void other.close());
  await once(other.listen(port, "127.0.0.1"), "listening");
  const store = await open({ discovery, secret, listen: [`/ip4/127.0.0.1/tcp/${port}`] });
  const told: unknown[] = [];
  p2p(store).on("degraded", (event) => told.push(event));
  await expect(p2p(store).started()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  other.close();
  await expect.poll(() => p2p(store).status().discovery, { timeout: 20_000 }).toBe("ok");
  await p2p(store).started();
  expect(told).toEqual([
    { detail: expect.stringContaining("Could not listen") },
    { detail: expect.stringContaining("started after all") },
  ]);
});

test("a network that cannot start is said, keeps nothing from working, and leaves the role to others", async () => {
  const taken = await open({ discovery, secret });
  await p2p(taken).started();
  const [address = ""] = p2p(taken).status().listening;
  const path = join(temporaryFolder(), "notes.db");
  const store = await open({ path, discovery, secret, listen: [address.replace(/\/p2p\/.*/, "")] });
  await expect(p2p(store).started()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(p2p(store).status()).toMatchObject({ discovery: "off", detail: expect.stringContaining("listen") });
  await store.kv.set("k", 1);
  let isWaiting = false;
  const role = await takeNetworkRole(`${path}-peer`, {
    signal: AbortSignal.timeout(10_000),
    onWait() {
      isWaiting = true;
    },
  });
  role?.release();
  expect([role === undefined, isWaiting]).toEqual([false, false]);
});
