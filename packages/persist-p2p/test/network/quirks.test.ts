/** What libp2p does other than one expects. A test that fails here says that something was mended: see src/network/libp2p-quirks.ts. */
import { setImmediate as turn } from "node:timers/promises";
import { identify } from "@libp2p/identify";
import type { Libp2p } from "@libp2p/interface";
import { kadDHT, type SingleKadDHT } from "@libp2p/kad-dht";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { streamPair } from "@libp2p/utils";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { expect, onTestFinished, test, vi } from "vitest";
import { loopback } from "./networks.ts";

const wait = { timeout: 20_000, interval: 10 };

test("onDrain resolves at once after it was used once", async () => {
  const [stream] = await streamPair();
  stream.writableNeedsDrain = true;
  let drained = 0;
  const first = stream.onDrain().then(() => drained++);
  await turn();
  expect(drained).toBe(0);
  stream.dispatchEvent(new Event("drain"));
  await first;
  stream.writableNeedsDrain = true;
  await stream.onDrain();
  expect(stream.writableNeedsDrain).toBe(true);
});

test("who iterates slowly over a stream has all of it in memory", async () => {
  const [reader, writer] = await streamPair();
  const iterator = reader[Symbol.asyncIterator]();
  const next = iterator.next();
  const chunk = new Uint8Array(1024 * 1024);
  let sent = 0;
  // Far more than any buffer that is said to be: nobody reads, and nobody is told to wait.
  for (; sent < 32 && writer.writeStatus === "writable"; sent++) {
    writer.send(chunk);
    await turn();
  }
  await next;
  await vi.waitFor(() => expect(reader.readBufferLength).toBe(0), wait);
  expect([sent, reader.status]).toEqual([32, "open"]);
});

test("a stream that is paused is reset at 4 MiB, since as much as 16 may be under way", async () => {
  // What a window grows to by itself while the reader is quick.
  const muxer = yamux({ streamOptions: { initialStreamWindowSize: 8 * 1024 * 1024 } });
  const [a, b] = [await startNode({}, muxer), await startNode({}, muxer)];
  const ended: string[] = [];
  await b.handle("/test", (stream) => {
    stream.addEventListener("close", ({ error }) => void ended.push(String(error?.name)));
    stream.addEventListener("message", () => undefined);
    stream.pause();
  });
  const stream = await a.dialProtocol(b.getMultiaddrs(), "/test");
  for (let sent = 0; sent < 24; sent++) stream.send(new Uint8Array(256 * 1024));
  await vi.waitFor(() => expect(ended).toEqual(["StreamBufferError"]), wait);
});

test("a peer is discovered once, however often it is seen", async () => {
  const [a, b] = [await startNode(), await startNode()];
  let discoveries = 0;
  a.addEventListener("peer:discovery", () => discoveries++);
  for (let times = 0; times < 3; times++) {
    await a.peerStore.merge(b.peerId, { multiaddrs: b.getMultiaddrs() });
    const connection = await a.dial(b.peerId);
    await connection.close();
  }
  expect(discoveries).toBe(1);
});

test("a DHT with default options knows nobody at private addresses, and says that it has told them", async () => {
  const dht = (): Promise<Libp2p<{ dht: SingleKadDHT }>> =>
    startNode({
      identify: identify(),
      ping: ping(),
      dht: kadDHT({ protocol: "/test/kad", clientMode: false, allowQueryWithZeroPeers: true }),
    }) as unknown as Promise<Libp2p<{ dht: SingleKadDHT }>>;
  const [a, b] = [await dht(), await dht()];
  const identified = Promise.withResolvers<void>();
  a.addEventListener("peer:identify", ({ detail }) => {
    if (detail.protocols.includes("/test/kad")) identified.resolve();
  });
  await a.dial(b.getMultiaddrs());
  await identified.promise;
  const cid = CID.createV1(0x55, await sha256.digest(Uint8Array.of(1)));
  await a.contentRouting.provide(cid);
  expect(a.services.dht.routingTable.size).toBe(0);
  const found: string[] = [];
  for await (const { id } of b.contentRouting.findProviders(cid)) found.push(id.toString());
  expect(found).toEqual([]);
});

test("a node takes one more address by its inner parts only", async () => {
  const node = await startNode();
  expect("listen" in node).toBe(false);
  expect(node).toHaveProperty("components.transportManager.listen", expect.any(Function));
});

async function startNode(services: object = {}, muxer: ReturnType<typeof yamux> = yamux()): Promise<Libp2p> {
  const node = await createLibp2p({
    addresses: { listen: loopback },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [muxer],
    connectionMonitor: { enabled: false },
    services: services as Record<string, never>,
  });
  onTestFinished(() => node.stop());
  return node;
}
