import { randomBytes } from "node:crypto";
import { findFreePort } from "@cuitty/persist-servers";
import { expect, onTestFinished, test, vi } from "vitest";
import { maxFrameBytes } from "../../src/sync/link.ts";
import { linkTo, newFolder, newTopic, type Peer, secret, startPeer } from "./networks.ts";

const wait = { timeout: 20_000, interval: 10 };

test("without secret and members peers on one machine are linked, and one is warned once", async () => {
  const warnings: string[] = [];
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation((text, o) => {
    warnings.push(`${(o as { code: string }).code}: ${text}`);
  });
  onTestFinished(() => emitWarning.mockRestore());
  const topic = newTopic();
  const a = await startPeer({ discovery: { topic } });
  const b = await startPeer({ discovery: { topic, peers: a.network.listening() } });
  await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
  expect(warnings).toEqual([expect.stringMatching(/^P2P_OPEN_TOPIC: .*everybody in the local network/)]);
});

test("peers with the same secret are linked", async () => {
  const topic = newTopic();
  const a = await startPeer({ secret, discovery: { topic } });
  const b = await startPeer({ secret, discovery: { topic, peers: a.network.listening() } });
  await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
  expect(linkTo(a, b)).toMatchObject({ peer: b.network.id, limited: false });
  expect(a.network.status()).toEqual({ discovery: "ok" });
});

test.each([
  ["TCP", "/ip4/127.0.0.1/tcp/0", /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//],
  ["TCP over IPv6", "/ip6/::1/tcp/0", /^\/ip6\/::1\/tcp\/\d+\/p2p\//],
  ["WebSockets", "/ip4/127.0.0.1/tcp/0/ws", /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/ws\/p2p\//],
])("frames of all sizes arrive in order, both ways, over %s", async (_, address, expected) => {
  const topic = newTopic();
  const a = await startPeer({ secret, listen: [address], discovery: { topic } });
  expect(a.network.listening()).toEqual([expect.stringMatching(expected)]);
  const b = await startPeer({ secret, listen: [], discovery: { topic, peers: a.network.listening() } });
  await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
  const sizes = [0, 1, 3, 4, 5, 255, 256, 65_535, 65_536, 262_144, maxFrameBytes - 1, maxFrameBytes];
  const frames = sizes.map((size) => randomBytes(size));
  for (const frame of frames) {
    linkTo(a, b)?.send(frame);
    linkTo(b, a)?.send(frame);
  }
  await vi.waitFor(() => expect([a.frames.length, b.frames.length]).toEqual([sizes.length, sizes.length]), wait);
  for (const [index, frame] of frames.entries()) {
    expect(Buffer.compare(a.frames[index] as Uint8Array, frame)).toBe(0);
    expect(Buffer.compare(b.frames[index] as Uint8Array, frame)).toBe(0);
  }
  expect(() => linkTo(a, b)?.send(new Uint8Array(maxFrameBytes + 1))).toThrow(RangeError);
});

test.each([
  ["another secret", { secret: "another secret that is as long" }],
  ["no secret", {}],
])("a peer with %s is refused and gets nothing", async (_, terms) => {
  const topic = newTopic();
  const a = await startPeer({ secret, discovery: { topic } });
  const b = await startPeer({ ...terms, discovery: { topic, peers: a.network.listening() } });
  await vi.waitFor(() => expect(a.refusals).not.toEqual([]), wait);
  expect(a.refusals[0]).toBe("it has another topic or another secret");
  expect([a.links, b.links, b.frames]).toEqual([[], [], []]);
});

test("with the word open everybody with the topic is linked, up to a limit", async () => {
  const topic = newTopic();
  const a = await startPeer({ open: true, limits: { peers: 1 }, discovery: { topic } });
  const peers = a.network.listening();
  const b = await startPeer({ open: true, discovery: { topic, peers } });
  await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
  const c = await startPeer({ open: true, discovery: { topic, peers } });
  await vi.waitFor(async () => expect(JSON.stringify(await c.network.diagnose())).toContain("not reached"), wait);
  expect([a.links.length, c.links.length]).toEqual([1, 0]);
});

test("topics on one machine never mix", async () => {
  const [one, other] = [newTopic(), newTopic()];
  const a = await startPeer({ secret, discovery: { topic: one } });
  const b = await startPeer({ secret, discovery: { topic: other, peers: a.network.listening() } });
  const c = await startPeer({ secret, discovery: { topic: one, peers: a.network.listening() } });
  await vi.waitFor(() => expect(linkTo(c, a)).toBeDefined(), wait);
  await vi.waitFor(() => expect(a.refusals).not.toEqual([]), wait);
  expect(b.links).toEqual([]);
});

test("a link that was ended is made again", async () => {
  const topic = newTopic();
  const a = await startPeer({ secret, discovery: { topic } });
  const b = await startPeer({ secret, discovery: { topic, peers: a.network.listening() } });
  await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
  linkTo(a, b)?.end("a test");
  await vi.waitFor(() => expect([a.ends.length, b.ends.length]).toEqual([1, 1]), wait);
  await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
});

test("a peer that comes back at its address is linked again", async () => {
  const topic = newTopic();
  const first = await startPeer({ secret, discovery: { topic } });
  const listen = first.network.listening().map((address) => address.replace(/\/p2p\/.*/, ""));
  const b = await startPeer({ secret, discovery: { topic, peers: listen } });
  await vi.waitFor(() => expect(linkTo(b, first)).toBeDefined(), wait);
  await first.network.stop();
  await vi.waitFor(() => expect(b.ends.length).toBe(1), wait);
  const second = await startPeer({ secret, listen, discovery: { topic } });
  await vi.waitFor(() => expect(linkTo(b, second)).toBeDefined(), wait);
});

test("two that know each other's addresses keep one link", async () => {
  const topic = newTopic();
  const [one, other] = [await findFreePort(), await findFreePort()].map((port) => `/ip4/127.0.0.1/tcp/${port}`) as [
    string,
    string,
  ];
  const [a, b] = await Promise.all([
    startPeer({ secret, listen: [one], discovery: { topic, peers: [other] } }),
    startPeer({ secret, listen: [other], discovery: { topic, peers: [one] } }),
  ]);
  for (let round = 0; round < 5; round++) {
    await vi.waitFor(() => {
      linkTo(a, b)?.send(Uint8Array.of(round));
      linkTo(b, a)?.send(Uint8Array.of(round));
      expect([a, b].map(({ frames }) => frames.at(-1)?.[0])).toEqual([round, round]);
      expect([a, b].map(({ links, ends }) => links.length - ends.length)).toEqual([1, 1]);
    }, wait);
    // Both are free to dial again.
    const ended = a.ends.length;
    linkTo(a, b)?.end("a test");
    await vi.waitFor(() => expect(a.ends.length).toBeGreaterThan(ended), wait);
  }
  // Where both have dialled at once, one was ended again.
  expect(a.links.length).toBeLessThanOrEqual(20);
});

test("of many peers each links to some, and all are connected", async () => {
  const topic = newTopic();
  const folders = await Promise.all(Array.from({ length: 8 }, newFolder));
  const discovery = { topic, method: "mdns", interfaces: ["127.0.0.1"] } as const;
  const peers: Peer[] = [];
  for (const folder of folders) peers.push(await startPeer({ secret, folder, discovery, limits: { mesh: 3 } }));
  await vi.waitFor(() => {
    const reached = new Set<string>();
    const queue = [peers[0] as Peer];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { network } = next;
      if (reached.has(network.id)) continue;
      reached.add(network.id);
      for (const other of peers) if (linkTo(next, other) !== undefined) queue.push(other);
    }
    expect(reached.size).toBe(peers.length);
  }, wait);
});
