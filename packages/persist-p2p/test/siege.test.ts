/**
 * A store in a process of its own under attack from strangers and from members that break the rules, while a friend writes: it goes on, is equal with the friend in the end, and takes no more and more memory.
 *
 * `PERSIST_SIEGE` says for how many seconds.
 */
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeFrame } from "../src/network/framing.ts";
import { syncProtocol } from "../src/network/links.ts";
import { maxFrameBytes } from "../src/sync/link.ts";
import { toBytes } from "../src/sync/message-bytes.ts";
import type { Hello, Message } from "../src/sync/messages.ts";
import { newTopic } from "./network/networks.ts";
import { type Heard, membershipOf, openAs, openRaw, startRaw } from "./network/raw-peer.ts";
import { digests, type Status, secret, startStore } from "./processes/store-processes.ts";
import { temporaryFolder } from "./stores.ts";

const seconds = Number(process.env.PERSIST_SIEGE ?? 15);
const wait = { timeout: 60_000, interval: 100 };
/** How much more memory it may have than after the first attacks, in bytes: what it keeps for a few links, and what is not collected yet. */
const leeway = 150e6;

interface Besieged {
  readonly address: string;
  readonly topic: string;
}

const hex = (bytes: number): string => randomBytes(bytes).toString("hex");
const frame = (lane: number, message: Message): Uint8Array =>
  encodeFrame("data", Buffer.concat([Buffer.of(lane), toBytes(message)]));
const hello = (): Hello => ({
  kind: "hello",
  versions: [1, 1],
  replica: hex(16),
  author: hex(16),
  process: hex(8),
  link: 1,
  head: 1_000,
  floor: 0,
  clock: Date.now(),
  features: [],
  reads: undefined,
});

/** What a member says after it has introduced itself. */
const lies: readonly (() => Uint8Array)[] = [
  () => encodeFrame("data", randomBytes(randomInt(1, 5_000))),
  () => encodeFrame("data", Buffer.concat([Buffer.of(randomInt(4)), randomBytes(randomInt(1, 5_000))])),
  () => Uint8Array.of(255, 255, 255, 255),
  () => frame(0, { kind: "read", reading: 1, place: undefined, events: 0 }),
  () => frame(0, { kind: "read", reading: 1, place: 1e12, events: 1e9 }),
  () => frame(0, { kind: "ack", place: 1e12, push: 1e9, reply: 1e9 }),
  () => frame(0, { kind: "ask", after: 0, to: 1e12, all: true }),
  () => frame(0, { kind: "want", ids: Array.from({ length: 1_000 }, () => randomBytes(16)), upTo: undefined }),
  () => frame(0, { kind: "pull", vector: new Map(Array.from({ length: 100 }, () => [hex(16), 7])), upTo: 1 }),
  () => frame(0, { kind: "clock", place: 5, time: 9e15 }),
  () =>
    frame(1, {
      kind: "page",
      reading: 0,
      entries: [
        { place: 1, items: [{ kind: "row", id: randomBytes(16), mark: randomBytes(8), body: randomBytes(90) }] },
      ],
      relayed: [],
      place: 1,
      head: 1,
    }),
  () =>
    frame(2, {
      kind: "compare",
      head: 1,
      ranges: [
        {
          prefix: new Uint8Array(0),
          nibbles: 0,
          has: Array.from({ length: 16 }, () => ({ count: 9, sum: randomBytes(8) })),
        },
      ],
      told: Array.from({ length: 100 }, () => ({ id: randomBytes(16), mark: randomBytes(8) })),
      end: false,
    }),
];

/** Attackers that were taken for members. */
let proved = 0;

async function attackAsMember({ address, topic }: Besieged): Promise<void> {
  const node = await startRaw();
  try {
    const membership = await membershipOf(node, { secret, discovery: { method: "static", topic } });
    const heard = await openAs(node, membership, [address]);
    proved++;
    heard.stream.send(frame(0, hello()));
    for (let n = randomInt(1, 400); n > 0 && !heard.isOver(); n--) {
      if (heard.stream.writeStatus !== "writable") await roomOrEnd(heard);
      else heard.stream.send((lies[randomInt(lies.length)] as () => Uint8Array)());
    }
  } finally {
    await node.stop();
  }
}

/** Before it has proved anything. */
async function attackAsStranger({ address }: Besieged): Promise<void> {
  const node = await startRaw();
  try {
    const heard = await openRaw(node, [address]);
    heard.stream.send(randomBytes(randomInt(1, 200_000)));
    if (!heard.isOver()) heard.stream.send(encodeFrame("data", new Uint8Array(randomInt(1, maxFrameBytes))));
    for (let n = 0; n < 20; n++) await node.dialProtocol(node.getConnections()[0]?.remoteAddr ?? [], syncProtocol);
  } finally {
    await node.stop();
  }
}

/** Without a word of libp2p. */
async function attackByBytes({ address }: Besieged): Promise<void> {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1]);
  const socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.1.${randomInt(1, 250)}` });
  socket.on("error", () => undefined);
  socket.write(randomBytes(randomInt(1, 100_000)));
  const end = once(socket, "close");
  if (randomInt(2) === 0) socket.end();
  await end;
}

async function roomOrEnd({ stream }: Heard): Promise<void> {
  await Promise.race(["drain", "close", "remoteCloseWrite"].map((event) => once(stream as never, event)));
}

const attacks = [attackAsMember, attackAsStranger, attackByBytes];

test(`${seconds} seconds under attack`, { timeout: 120_000 + seconds * 2_000 }, async () => {
  const folder = temporaryFolder();
  const topic = newTopic();
  const discovery = { method: "static", topic } as const;
  const victim = await startStore({ path: join(folder, "victim.db"), discovery });
  const address = await victim.address();
  const friend = await startStore({ path: join(folder, "friend.db"), discovery: { ...discovery, peers: [address] } });
  await friend.write("friend");
  await expect.poll(() => victim.ask<string[]>({ do: "keys" }), wait).toContain("friend/0");

  const end = performance.now() + seconds * 1_000;
  const made = new Map<string, number>();
  /** After each attack. */
  const memory: number[] = [];
  const attackOn = async (): Promise<void> => {
    while (performance.now() < end) {
      const attack = attacks[randomInt(attacks.length)] as (typeof attacks)[number];
      await attack({ address, topic }).catch(() => undefined); // it was refused, as it should be
      made.set(attack.name, (made.get(attack.name) ?? 0) + 1);
      memory.push((await victim.ask<Status>({ do: "status" })).memory);
    }
  };
  await Promise.all([attackOn(), attackOn(), attackOn()]);

  await friend.ask({ do: "rest" });
  await expect.poll(async () => new Set(await digests([victim, friend])).size, wait).toBe(1);
  expect(await victim.ask<string[]>({ do: "keys" })).toContain(`friend/${friend.written()}`);
  expect([...made.keys()].sort()).toEqual(attacks.map(({ name }) => name).sort());
  expect(proved).toBeGreaterThan(seconds / 5);
  expect(victim.told).toContain("refused");
  const start = Math.max(...memory.slice(0, Math.ceil(memory.length / 4)));
  expect(Math.max(...memory)).toBeLessThan(start + leeway);
  const count = [...made].map(([name, n]) => `${name} ${n}`).join(", ");
  console.log(`${count}; memory ${Math.round(start / 1e6)} to ${Math.round(Math.max(...memory) / 1e6)} MB`);
});
