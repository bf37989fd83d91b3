import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { encodeFrame } from "../../src/network/framing.ts";
import { untrustedBytes } from "../../src/network/membership/handshake.ts";
import { maxFrameBytes } from "../../src/sync/link.ts";
import { linkTo, newTopic, secret, startPeer } from "./networks.ts";
import { type Heard, membershipOf, openAs, openMember, openRaw, startRaw } from "./raw-peer.ts";

const wait = { timeout: 20_000, interval: 10 };
const hello = (): Uint8Array => encodeFrame("data", Buffer.concat([Uint8Array.of(1, 1), randomBytes(32)]));
/** A frame with a nonce. */
const nonceFrame = 4 + 34;

/** What the stranger does, and how many bytes it gets. */
const attacks: readonly [string, number, (heard: Heard) => void][] = [
  ["says nothing", 0, () => undefined],
  ["sends garbage", 0, ({ stream }) => stream.send(randomBytes(1_000))],
  ["announces a long frame", 0, ({ stream }) => stream.send(Uint8Array.of(0, 16, 0, 0))],
  [
    "sends more than a stranger may",
    0,
    ({ stream }) => stream.send(encodeFrame("data", new Uint8Array(untrustedBytes))),
  ],
  ["sends a frame for members", 0, ({ stream }) => stream.send(encodeFrame("data", Uint8Array.of(7)))],
  ["greets and says no more", nonceFrame, ({ stream }) => stream.send(hello())],
  [
    "greets and makes a proof up",
    nonceFrame,
    ({ stream }) => {
      stream.send(hello());
      stream.send(encodeFrame("data", Buffer.concat([Uint8Array.of(2), randomBytes(32)])));
    },
  ],
  [
    "greets and sends a byte now and then",
    nonceFrame,
    ({ stream }) => {
      stream.send(hello());
      stream.send(Uint8Array.of(0, 0, 0, 200));
      const timer = setInterval(() => stream.writeStatus === "writable" && stream.send(Uint8Array.of(0)), 300);
      onTestFinished(() => clearInterval(timer));
    },
  ],
];

test("whatever strangers do, they get a nonce at most, and are cut off", async () => {
  const peer = await startPeer({ secret, discovery: { topic: newTopic() } });
  const heard = await Promise.all(
    attacks.map(async ([name, bytes, attack]) => {
      const stranger = await openRaw(await startRaw(), peer.network.listening());
      attack(stranger);
      return { name, bytes, stranger };
    }),
  );
  for (const { name, bytes, stranger } of heard) {
    await vi.waitFor(() => expect(stranger.isOver(), name).toBe(true), wait);
    expect(stranger.bytes(), name).toBe(bytes);
  }
  expect(peer.links).toEqual([]);
  expect(peer.refusals.length).toBe(attacks.filter(([name]) => !/says|now and then/.test(name)).length);
});

test("connections that say nothing are closed, and members get through meanwhile", async () => {
  const topic = newTopic();
  const peer = await startPeer({ secret, discovery: { topic } });
  const port = Number(/\/tcp\/(\d+)/.exec(peer.network.listening()[0] ?? "")?.[1]);
  const closed: boolean[] = [];
  for (let index = 0; index < 100; index++) {
    const socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.1.${1 + (index % 2)}` });
    socket.on("error", () => undefined);
    socket.on("close", () => closed.push(true));
    if (index % 2 === 0) socket.write(randomBytes(100));
  }
  const member = await startPeer({ secret, discovery: { topic, peers: peer.network.listening() } });
  await vi.waitFor(() => expect(linkTo(peer, member)).toBeDefined(), wait);
  await vi.waitFor(() => expect(closed.length).toBe(100), wait);
});

test("more members than strangers are let in from one address", async () => {
  const topic = newTopic();
  const peer = await startPeer({ secret, discovery: { topic } });
  const membership = await membershipOf(await startRaw(), { secret, discovery: { method: "static", topic } });
  for (let count = 1; count <= 20; count++) {
    await openAs(await startRaw(), membership, peer.network.listening());
    await vi.waitFor(() => expect(peer.links.length).toBe(count), wait);
  }
});

test("a member that breaks the rules of frames loses its link and stays away for a while", async () => {
  const topic = newTopic();
  const peer = await startPeer({ secret, discovery: { topic } });
  const node = await startRaw();
  const heard = await openMember(node, topic, peer.network.listening());
  await vi.waitFor(() => expect(peer.links.length).toBe(1), wait);
  heard.stream.send(encodeFrame("data", Uint8Array.of(1, 2, 3)));
  await vi.waitFor(() => expect(peer.frames.length).toBe(1), wait);
  heard.stream.send(Uint8Array.of(0, 16, 0, 1));
  await vi.waitFor(() => expect(heard.isOver()).toBe(true), wait);
  await vi.waitFor(() => expect(peer.ends[0]?.why?.message).toContain("longer than is taken"), wait);

  const liar = await startRaw();
  const membership = await membershipOf(liar, { secret, discovery: { method: "static", topic } });
  await openAs(liar, membership, peer.network.listening());
  await vi.waitFor(() => expect(peer.links.length).toBe(2), wait);
  peer.links[1]?.end("it lies", { ban: true });
  await vi.waitFor(() => expect(peer.refusals[1]).toBe("it lies"), wait);
  await expect(openAs(liar, membership, peer.network.listening())).rejects.toThrow();
});

test("what comes before anybody listens is bounded", async () => {
  const topic = newTopic();
  const peer = await startPeer({ secret, discovery: { topic } });
  const ends: (Error | undefined)[] = [];
  peer.network.onLink((link) => link.onEnd((why) => ends.push(why)));
  const heard = await openMember(await startRaw(), topic, peer.network.listening());
  const frame = encodeFrame("data", new Uint8Array(maxFrameBytes));
  for (let count = 0; count < 6 && !heard.isOver(); count++) {
    if (heard.stream.writeStatus === "writable") heard.stream.send(frame);
  }
  await vi.waitFor(() => expect(ends[0]?.message).toContain("nobody listens"), wait);
});
