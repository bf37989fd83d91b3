import { cp } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { linkTo, newFolder, newTopic, secret, startPeer } from "./networks.ts";

const wait = { timeout: 20_000, interval: 10 };

test("peers on one machine find each other", async () => {
  const topic = newTopic();
  const discovery = { topic, method: "mdns" } as const;
  const [a, b, c] = await Promise.all([1, 2, 3].map(() => startPeer({ secret, discovery })));
  if (a === undefined || b === undefined || c === undefined) throw new Error("no peers");
  await vi.waitFor(() => {
    for (const one of [a, b, c])
      for (const other of [a, b, c]) if (one !== other) expect(linkTo(one, other)).toBeDefined();
  }, wait);
});

test("it is told where nobody in the network can be found", async () => {
  const method = "mdns";
  const none = await startPeer({ secret, discovery: { method, topic: newTopic(), interfaces: ["none-of-this-name"] } });
  expect(none.network.status()).toEqual({ discovery: "degraded", detail: "there is no interface for multicast" });
  const only = await startPeer({ secret, discovery: { method, topic: newTopic(), interfaces: ["127.0.0.1"] } });
  expect(only.network.status().detail).toContain("only peers on this machine");
  expect(await only.network.diagnose()).toContainEqual(expect.objectContaining({ what: "peers", ok: false }));
});

test("a peer that says good-bye and one that nobody has heard of are both linked when they come", async () => {
  const topic = newTopic();
  const discovery = { topic, method: "mdns" } as const;
  const folder = await newFolder();
  const a = await startPeer({ secret, discovery });
  const b = await startPeer({ secret, discovery, folder });
  await vi.waitFor(() => expect(linkTo(a, b)).toBeDefined(), wait);
  await b.network.stop();
  await vi.waitFor(() => expect(a.ends.length).toBe(1), wait);
  const again = await startPeer({ secret, discovery, folder });
  expect(again.network.id).toBe(b.network.id);
  await vi.waitFor(() => expect(linkTo(again, a)).toBeDefined(), wait);
});

test("it is told where somebody else has one's identity", async () => {
  const discovery = { method: "mdns", topic: newTopic() } as const;
  const a = await startPeer({ secret, discovery });
  const folder = await newFolder();
  await cp(a.folder, folder, { recursive: true });
  const b = await startPeer({ secret, discovery, folder });
  expect(b.network.id).toBe(a.network.id);
  await vi.waitFor(() => expect(b.network.status().detail).toContain("another process has this peer's identity"), wait);
});
