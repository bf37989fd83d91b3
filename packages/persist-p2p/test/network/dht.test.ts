import { circuitRelayServer } from "@libp2p/circuit-relay-v2";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Served, serve } from "../../src/network/serve.ts";
import { runCommand } from "./commands.ts";
import { linkTo, loopback, newFolder, newTopic, type Peer, secret, startPeer } from "./networks.ts";

const wait = { timeout: 60_000, interval: 20 };

function linked(...peers: readonly Peer[]): Promise<void> {
  return vi.waitFor(() => {
    for (const one of peers) for (const other of peers) if (one !== other) expect(linkTo(one, other)).toBeDefined();
  }, wait);
}

test("three peers find each other by a bootstrap node, and none of another topic", async () => {
  const bootstrap = [(await runCommand("bootstrap")).address];
  const topic = newTopic();
  const start = (of: string): Promise<Peer> =>
    startPeer({ secret, discovery: { method: "dht", topic: of, bootstrap } });
  const [a, b, c, other] = await Promise.all([start(topic), start(topic), start(topic), start(newTopic())]);
  await linked(a, b, c);
  expect(other.links).toEqual([]);
  expect([a.refusals, b.refusals, c.refusals]).toEqual([[], [], []]);
  expect(a.network.status()).toEqual({ discovery: "ok" });
});

test("a bootstrap node that cannot be reached is told of", async () => {
  const gone = `/ip4/127.0.0.1/tcp/1/p2p/${(await startPeer({ secret, discovery: { topic: newTopic() } })).network.id}`;
  const peer = await startPeer({ secret, discovery: { method: "dht", topic: newTopic(), bootstrap: [gone] } });
  await vi.waitFor(() => expect(peer.network.status().detail).toContain("no bootstrap node can be reached"), wait);
  const found = await peer.network.diagnose();
  expect(found.find(({ what }) => what.includes(gone))).toMatchObject({ ok: false });
});

test("a peer that nobody can reach is linked over a relay, without limits", async () => {
  const { address: relay } = await runCommand("relay");
  const topic = newTopic();
  const hidden = await startPeer({ secret, listen: [], relay: [relay], discovery: { topic } });
  const peers = [`${relay}/p2p-circuit/p2p/${hidden.network.id}`];
  await vi.waitFor(() => expect(hidden.network.listening().join()).toContain("/p2p-circuit"), wait);
  const caller = await startPeer({ secret, listen: [], discovery: { topic, peers } });
  await linked(hidden, caller);
  expect(linkTo(caller, hidden)?.limited).toBe(false);
  const frame = new Uint8Array(1_000_000).fill(7);
  linkTo(caller, hidden)?.send(frame);
  await vi.waitFor(() => expect(hidden.frames).toEqual([frame]), wait);
});

test("a link over somebody else's relay says that it is limited", async () => {
  const relay = await createLibp2p({
    addresses: { listen: loopback },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), relay: circuitRelayServer() },
  });
  onTestFinished(() => relay.stop());
  const address = relay.getMultiaddrs()[0]?.toString() as string;
  const topic = newTopic();
  const hidden = await startPeer({ secret, listen: [], relay: [address], discovery: { topic } });
  await vi.waitFor(() => expect(hidden.network.listening().join()).toContain("/p2p-circuit"), wait);
  const peers = [`${address}/p2p-circuit/p2p/${hidden.network.id}`];
  const caller = await startPeer({ secret, discovery: { topic, peers } });
  await linked(hidden, caller);
  expect([linkTo(caller, hidden)?.limited, linkTo(hidden, caller)?.limited]).toEqual([true, true]);
});

test("in a private network nobody without its key gets as far as the handshake", async () => {
  const networkKey = Buffer.alloc(32, 1);
  const topic = newTopic();
  const bootstrap = [(await runCommand("bootstrap", { networkKey })).address];
  const discovery = { method: "dht", topic, bootstrap } as const;
  const [a, b] = await Promise.all([
    startPeer({ secret, networkKey, discovery }),
    startPeer({ secret, networkKey, discovery }),
  ]);
  await linked(a, b);
  const frame = new Uint8Array(1_000_000).fill(7);
  for (let count = 0; count < 8; count++) linkTo(a, b)?.send(frame);
  await vi.waitFor(() => expect(b.frames.length).toBe(8), wait);
  const peers = a.network.listening();
  const other = await startPeer({ secret, networkKey: Buffer.alloc(32, 2), discovery: { topic, peers } });
  const none = await startPeer({ secret, discovery: { topic, peers } });
  await vi.waitFor(async () => {
    for (const { network } of [other, none]) expect(JSON.stringify(await network.diagnose())).toContain("not reached");
  }, wait);
  expect([other.links, none.links, a.refusals]).toEqual([[], [], []]);
});

test("a relay that was away is used when it is there", async () => {
  const folder = await newFolder();
  const start = (listen: readonly string[]): Promise<Served> =>
    serve({ kind: "relay", listen, folder, bootstrap: [], networkKey: undefined });
  const first = await start(loopback);
  const relay = first.addresses[0] as string;
  await first.stop();
  const hidden = await startPeer({ secret, listen: [], relay: [relay], discovery: { topic: newTopic() } });
  expect(hidden.network.listening()).toEqual([]);
  const again = await start([relay.replace(/\/p2p\/.*/, "")]);
  onTestFinished(() => again.stop());
  await vi.waitFor(() => expect(hidden.network.listening().join()).toContain("/p2p-circuit"), wait);
});
