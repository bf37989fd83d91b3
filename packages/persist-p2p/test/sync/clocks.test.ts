// Of peers in a chain, the one in the middle has a clock that is ahead, and so has a fourth one that is linked with it: what they write is refused, and what others write goes on through it.
import { expect, test } from "vitest";
import { createPair, type Pair } from "../simulation/network.ts";
import { createNode, type Node } from "../simulation/node.ts";
import { createRandom } from "../simulation/random.ts";
import { createVirtualTime } from "../simulation/virtual-time.ts";

const minute = 60_000;

function startChain() {
  const time = createVirtualTime();
  const random = createRandom(11);
  const nodes = ["near", "ahead", "far", "also"].map((name) => createNode(name, { time, random, limits: {} }));
  const [near, ahead, far, also] = nodes as [Node, Node, Node, Node];
  ahead.skew = also.skew = 60 * minute;
  for (const node of nodes) {
    node.start();
    node.replica.write([]); // so that its clock has begun
  }
  const told: number[] = [];
  far.syncer?.on("clock-skew", (what) => told.push(what.ahead));
  return {
    nodes: [near, ahead, far, also] as const,
    told,
    link(a: Node, b: Node): Pair {
      const pair = createPair(time, { names: [a.name, b.name], latency: () => random.between(0.3, 3) });
      a.syncer?.connect(pair.a.link);
      b.syncer?.connect(pair.b.link);
      return pair;
    },
    run(milliseconds: number) {
      const until = time.now() + milliseconds;
      while (time.step(until));
    },
  };
}

/** Rows and events by turns, more than one message has room for. */
function writeMuch(node: Node, run: () => void = () => undefined): void {
  for (let n = 0; n < 300; n++) {
    run();
    node.replica.write([{ key: `${node.name} ${n}`, value: "v".repeat(1_000) }], [`${n} ${"e".repeat(1_000)}`]);
  }
}

const rowsOf = (of: Node, { replica }: Node) =>
  Array.from({ length: 300 }, (_, n) => replica.get(`${of.name} ${n}`)).filter((row) => row !== undefined).length;
const eventsOf = (of: Node, { replica }: Node) => replica.eventsOf(of.replica.author).length;

test.each([
  ["linked from the beginning", true],
  ["met afterwards", false],
])("others' rows and events come through it, %s", (_, isLinkedFirst) => {
  const { nodes, told, link, run } = startChain();
  const [near, ahead, far, also] = nodes;
  link(near, ahead);
  link(also, ahead);
  if (isLinkedFirst) link(ahead, far);
  run(1_000);
  writeMuch(ahead);
  run(1_000);
  writeMuch(near, () => {
    also.replica.write([{ key: "also", value: String(also.replica.head()) }]);
    run(3);
  });
  run(1_000);
  if (!isLinkedFirst) link(ahead, far);
  run(5 * minute);

  for (const node of [near, far]) {
    expect([rowsOf(ahead, node), eventsOf(ahead, node)]).toEqual([0, 0]);
    expect([rowsOf(near, node), eventsOf(near, node)]).toEqual([300, 300]);
  }
  expect([rowsOf(near, ahead), eventsOf(near, ahead)]).toEqual([300, 300]);
  expect(Math.min(...told)).toBeGreaterThan(50 * minute);
  expect(far.syncer?.peers().map(({ inSync }) => inSync)).toEqual([false]);

  run(70 * minute);
  for (const node of [near, far]) {
    expect([rowsOf(ahead, node), eventsOf(ahead, node)]).toEqual([300, 300]);
    expect(node.replica.get("also")?.value).toBe(also.replica.get("also")?.value);
    expect(node.replica.everything()).toBe(ahead.replica.everything());
    expect(node.syncer?.peers().map(({ inSync }) => inSync)).toEqual([true]);
  }
});

test("it is told of once in a while, not of each commit", () => {
  const { nodes, told, link, run } = startChain();
  const [, ahead, far] = nodes;
  link(ahead, far);
  run(1_000);
  for (let round = 0; round < 30; round++) {
    writeMuch(ahead);
    run(1_000);
  }
  expect(told).toHaveLength(1);
});
