import { expect, test, vi } from "vitest";
import { type Link, maxFrameBytes } from "../../src/sync/link.ts";
import { type Detour, startDetour } from "./detour.ts";
import { linkTo, newTopic, type Peer, secret, startPeer } from "./networks.ts";

const wait = { timeout: 30_000, interval: 10 };

/** B has called A through a proxy, and A does not know where B is. */
async function startPair(): Promise<{
  readonly a: Peer;
  readonly b: Peer;
  readonly detour: Detour;
  link(from: Peer, to: Peer): Link;
}> {
  const topic = newTopic();
  const a = await startPeer({ secret, discovery: { topic } });
  const detour = await startDetour(a.network.listening()[0] as string);
  const b = await startPeer({ secret, listen: [], discovery: { topic, peers: [detour.address] } });
  await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
  return { a, b, detour, link: (from, to) => linkTo(from, to) as Link };
}

test("who sends is told to wait where the other side does not read, and to go on", async () => {
  const { a, b, detour, link } = await startPair();
  detour.hold("called");
  const sender = link(a, b);
  const frame = new Uint8Array(64 * 1024);
  let sent = 0;
  let goesOn = 0;
  sender.onDrain(() => goesOn++);
  while (sent < 1_000) {
    sent++;
    if (!sender.send(frame)) {
      // The kernel takes some of it yet.
      await new Promise((resolve) => setTimeout(resolve, 200));
      if (goesOn === 0) break;
      goesOn = 0;
    }
  }
  // Buffers of two sockets and of libp2p.
  expect(sent * frame.length).toBeLessThan(32 * maxFrameBytes);
  detour.release();
  await vi.waitFor(() => expect(b.frames.length).toBe(sent), wait);
  expect(goesOn).toBeGreaterThan(0);
  expect([a.ends, b.ends]).toEqual([[], []]);
});

test("who sends on without being asked to loses the link, and memory is bounded", async () => {
  const { a, b, detour, link } = await startPair();
  detour.hold("called");
  const sender = link(a, b);
  const frame = new Uint8Array(maxFrameBytes);
  for (let count = 0; count < 100 && a.ends.length === 0; count++) {
    sender.send(frame);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.waitFor(() => expect(a.ends[0]?.why?.message).toContain("more was sent than there was room for"), wait);
});

test("a peer that falls silent is noticed on both sides, and linked again when it speaks", async () => {
  const { a, b, detour } = await startPair();
  detour.hold("caller");
  detour.hold("called");
  await vi.waitFor(() => expect([a.ends.length, b.ends.length]).toEqual([1, 1]), wait);
  expect(a.ends[0]?.why?.message).toContain("silent");
  detour.cut();
  detour.release();
  await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
});

test("connections that are cut are made again, each time", async () => {
  const { a, b, detour } = await startPair();
  for (let times = 1; times <= 3; times++) {
    detour.cut();
    await vi.waitFor(() => expect([a.ends.length, b.ends.length]).toEqual([times, times]), wait);
    await vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
  }
});
