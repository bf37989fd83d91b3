/** Peers that break the rules, or keep them as nobody would: they are let go of, nothing that is here is harmed, and little is kept for them. */
import { describe, expect, test } from "vitest";
import { messageBytes } from "../src/sync/limits.ts";
import { fromBytes, toBytes } from "../src/sync/message-bytes.ts";
import type { Message } from "../src/sync/messages.ts";
import { createPair } from "./simulation/network.ts";
import { createNode, epoch, type Node } from "./simulation/node.ts";
import { createRandom, type Random } from "./simulation/random.ts";
import { createVirtualTime, type VirtualTime } from "./simulation/virtual-time.ts";

const schedules = Number(process.env.PERSIST_HOSTILE ?? 40);

interface Scene {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly node: Node;
  /** Whose two events there are. */
  readonly author: string;
  run(milliseconds: number): void;
}

function createScene(seed: number): Scene {
  const time = createVirtualTime();
  const random = createRandom(seed);
  const node = createNode("honest", { time, random, limits: {} });
  node.replica.write([{ key: "mine", value: "as it was" }], ["first", "second"]);
  node.start();
  const run = (milliseconds: number): void => {
    const until = time.now() + milliseconds;
    while (time.step(until));
  };
  return { time, random, node, author: node.replica.author, run };
}

/** A link whose other end is in the test's hands. */
function attack({ time, node }: Scene, onFrame: (frame: Uint8Array) => void = () => undefined) {
  const pair = createPair(time, { names: ["honest", "hostile"], latency: () => 1 });
  pair.b.link.onFrame(onFrame);
  node.syncer?.connect(pair.a.link);
  return { pair, send: (frame: Uint8Array) => pair.b.link.send(frame) };
}

const framed = (lane: number, message: Message): Uint8Array => Buffer.concat([Buffer.of(lane), toBytes(message)]);
const greeting = (random: Random, o: Partial<Message & { kind: "hello" }> = {}): Uint8Array =>
  framed(0, {
    kind: "hello",
    versions: [1, 1],
    replica: random.name(),
    author: random.name(),
    process: random.name().slice(0, 16),
    link: 1,
    head: 5,
    floor: 0,
    clock: epoch,
    features: [],
    reads: undefined,
    ...o,
  });

/** It still has what it had, and still syncs. */
function expectUnharmed({ time, random, node, author, run }: Scene): void {
  expect(node.replica.get("mine")?.value).toBe("as it was");
  expect(node.replica.eventsOf(author)).toEqual(["first", "second"]);
  const friend = createNode("friend", { time, random, limits: {} });
  friend.start();
  const pair = createPair(time, { names: ["honest", "friend"], latency: () => 1 });
  node.syncer?.connect(pair.a.link);
  friend.syncer?.connect(pair.b.link);
  run(2_000);
  expect(friend.replica.get("mine")?.value).toBe("as it was");
}

describe("what no peer says ends the link, with a ban", () => {
  const hello = createRandom(1);
  const cases: readonly (readonly [string, (scene: Scene) => readonly Uint8Array[]])[] = [
    ["nothing in a frame", () => [Buffer.alloc(0)]],
    ["garbage", ({ random }) => [random.bytes(300)]],
    ["arrays in arrays in arrays", () => [Buffer.concat([Buffer.of(0), Buffer.alloc(500_000, 0x81)])]],
    [
      "a million small values",
      () => [Buffer.concat([Buffer.of(0, 0x9a, 0, 0x0f, 0x42, 0x40), Buffer.alloc(1_000_000)])],
    ],
    ["something before the introduction", () => [framed(0, { kind: "ack", place: 0, push: 0, reply: 0 })]],
    ["two introductions", () => [greeting(hello), greeting(hello)]],
    ["an unknown lane", () => [greeting(hello), Buffer.of(9, 0x80)]],
    ["a message in a wrong lane", () => [greeting(hello), framed(1, { kind: "ack", place: 0, push: 0, reply: 0 })]],
    ["an answer to nothing", () => [greeting(hello), framed(3, { kind: "rows", items: [], head: 1, answered: 1 })]],
    ["more taken than was sent", () => [greeting(hello), framed(0, { kind: "ack", place: 0, push: 1e9, reply: 0 })]],
    ["places never told", () => [greeting(hello), framed(0, { kind: "ack", place: 99, push: 0, reply: 0 })]],
    ["a frame that is too long", () => [greeting(hello), Buffer.alloc(1024 * 1024 + 1)]],
    [
      "many questions at once",
      () => [
        greeting(hello),
        ...Array.from({ length: 20 }, () => framed(0, { kind: "pull", vector: new Map(), upTo: undefined })),
      ],
    ],
    [
      "rows that are none",
      () => [
        greeting(hello, { head: 0 }),
        framed(1, {
          kind: "page",
          reading: 1,
          relayed: [],
          place: 1,
          head: 1,
          entries: [
            {
              place: 1,
              items: [{ kind: "row", id: Buffer.alloc(16), mark: Buffer.alloc(8), body: Buffer.from("none") }],
            },
          ],
        }),
      ],
    ],
    [
      "places that go back",
      () => [
        greeting(hello, { head: 0 }),
        framed(1, { kind: "page", reading: 1, relayed: [], place: 3, head: 2, entries: [] }),
      ],
    ],
    [
      "frames without end",
      () => [
        greeting(hello),
        ...Array.from({ length: 60_000 }, () => framed(0, { kind: "ack", place: 0, push: 0, reply: 0 })),
      ],
    ],
  ];

  test.each(cases)("%s", (_what, frames) => {
    const scene = createScene(3);
    const { pair, send } = attack(scene);
    for (const frame of frames(scene)) send(frame);
    scene.run(1_000);
    expect(pair.isOver()).toBe(true);
    expect(pair.wasBanned()).toBe(true);
    expectUnharmed(scene);
  });
});

describe("mutated and repeated frames of real sessions", () => {
  test.each(Array.from({ length: schedules }, (_, i) => i + 1))("seed %i", (seed) => {
    const scene = createScene(seed);
    const { time, random, node, run } = scene;
    const other = createNode("other", { time, random, limits: {} });
    other.replica.write(
      [{ key: "theirs", value: "x".repeat(random.below(400_000)), blob: random.bytes(400_000) }],
      ["event"],
    );
    other.start();
    const seen: Uint8Array[] = [];
    for (let session = 0; session < 5; session += 1) {
      const pair = createPair(time, {
        names: ["honest", "other"],
        latency: () => random.between(1, 20),
        intercept: (from, frame) => {
          if (from === "a") return [frame];
          seen.push(Uint8Array.from(frame));
          if (random.chance(0.7)) return [frame];
          if (random.chance(0.3)) return [frame, random.pick(seen)];
          const changed = Uint8Array.from(frame);
          for (let i = 0; i <= random.below(3); i += 1) changed[random.below(changed.length)] = random.below(256);
          return random.chance(0.2) ? [changed.subarray(0, random.below(changed.length))] : [changed];
        },
      });
      node.syncer?.connect(pair.a.link);
      other.syncer?.connect(pair.b.link);
      node.replica.write([{ key: `row ${session}`, value: "new" }]);
      other.replica.write([{ key: `row ${session + 10}`, value: "new" }]);
      run(3_000);
      pair.cut();
      run(100);
    }
    expectUnharmed(scene);
  });
});

test("a peer that takes nothing is not sent more than the windows, and keeps nobody else waiting", () => {
  const scene = createScene(5);
  for (let i = 0; i < 200; i += 1) scene.node.replica.write([{ key: `row ${i}`, value: "x".repeat(50_000) }]);
  let bytes = 0;
  const { send } = attack(scene, (frame) => {
    bytes += frame.length;
  });
  send(greeting(scene.random, { head: 0 }));
  send(framed(0, { kind: "read", reading: 1, place: 0, events: 0 }));
  scene.run(60_000);
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(2 * 1024 * 1024);
  expectUnharmed(scene);
});

test("a peer that does not answer holds nobody else up, and is let go without a ban", () => {
  const scene = createScene(6);
  const { pair, send } = attack(scene);
  send(greeting(scene.random, { head: 9 }));
  send(framed(0, { kind: "read", reading: 1, place: undefined, events: 0 }));
  scene.run(500);
  expectUnharmed(scene);
  scene.run(120_000);
  expect(pair.isOver()).toBe(true);
  expect(pair.wasBanned()).toBe(false);
});

test("a peer that never introduces itself is let go", () => {
  const scene = createScene(7);
  const { pair } = attack(scene);
  scene.run(60_000);
  expect(pair.isOver()).toBe(true);
});

test("who claims to have read what was never here costs one new name, and no more", () => {
  const scene = createScene(8);
  const { replica } = scene.node;
  const names = [replica.id];
  for (let i = 0; i < 3; i += 1) {
    const { pair, send } = attack(scene);
    send(greeting(scene.random));
    send(framed(0, { kind: "read", reading: 1, place: 2 ** 40, events: 0 }));
    scene.run(1_000);
    expect(pair.isOver()).toBe(true);
    names.push(replica.id);
  }
  expect(new Set(names).size).toBe(2);
  expectUnharmed(scene);
});

test("a message that never ends is not kept", () => {
  const scene = createScene(9);
  let taken = 0;
  const { pair, send } = attack(scene, (frame) => {
    const message = frame[0] === 0 ? fromBytes(frame.subarray(1)) : undefined;
    if (message?.kind === "ack") taken = message.push;
  });
  send(greeting(scene.random, { head: 0 }));
  let sent = 0;
  for (let i = 0; i < 1_000 && !pair.isOver(); i += 1) {
    if (sent - taken < 300_000) {
      send(Buffer.alloc(200_000, 2));
      sent += 200_000;
    }
    scene.run(10);
  }
  expect(pair.wasBanned()).toBe(true);
  expect(sent).toBeLessThan(messageBytes + 1_000_000);
});
