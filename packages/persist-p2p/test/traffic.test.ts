/** Twenty peers, ten on each side of a partition, after it has healed. */
import { expect, test } from "vitest";
import { createPair, type Pair } from "./simulation/network.ts";
import { createNode } from "./simulation/node.ts";
import { createRandom } from "./simulation/random.ts";
import { createVirtualTime } from "./simulation/virtual-time.ts";

test("costs at most one and a half times what has to be sent", () => {
  const time = createVirtualTime();
  const random = createRandom(7);
  const nodes = Array.from({ length: 20 }, (_, i) => createNode(`n${i}`, { time, random, limits: {} }));
  const isWithin = (i: number, j: number): boolean => i < 10 === j < 10;
  const pairs: { pair: Pair; isAcross: boolean }[] = [];
  const connect = (isWanted: (a: number, b: number) => boolean): void => {
    for (const [i, a] of nodes.entries()) {
      for (const [j, b] of nodes.entries()) {
        if (j <= i || !isWanted(i, j)) continue;
        const pair = createPair(time, { names: [a.name, b.name], latency: () => random.between(0.3, 3) });
        pairs.push({ pair, isAcross: !isWithin(i, j) });
        a.syncer?.connect(pair.a.link);
        b.syncer?.connect(pair.b.link);
      }
    }
  };
  const run = (milliseconds: number): void => {
    const until = time.now() + milliseconds;
    while (time.step(until));
  };
  const isSame = (): boolean => new Set(nodes.map(({ replica }) => replica.everything())).size === 1;

  for (const node of nodes) node.start();
  connect(() => true);
  nodes[0]?.replica.write([{ key: "first", value: "of all" }]);
  run(2_000);
  expect(isSame()).toBe(true);
  for (const { pair, isAcross } of pairs) if (isAcross) pair.cut();
  run(100);

  const places = nodes.map(({ replica }) => replica.head());
  for (let round = 0; round < 50; round += 1) {
    for (const [i, { replica }] of nodes.entries()) {
      replica.write([{ key: `row ${i} ${round}`, value: random.name().repeat(3) }]);
    }
    run(20);
  }
  run(3_000);
  /** Each row to ten peers on the other side. */
  const least = nodes.reduce((sum, { replica }, i) => {
    const { commits } = replica.commitsAfter(places[i] as number, { bytes: 1e9, without: "" });
    const items = commits.filter(({ from }) => from === undefined).flatMap((commit) => commit.items);
    return sum + 10 * items.reduce((bytes, { id, mark, body }) => bytes + id.length + mark.length + body.length, 0);
  }, 0);
  const sent = (): number => pairs.reduce((sum, { pair: { a, b } }) => sum + a.sent.bytes + b.sent.bytes, 0);
  const before = sent();
  const start = time.now();
  connect((i, j) => !isWithin(i, j));
  while (!isSame() && time.now() < start + 60_000) run(10);
  run(3_000);
  expect(isSame()).toBe(true);
  expect((sent() - before) / least).toBeLessThan(1.5);
});
