// Of peers in a chain, the first one writes transactions on and on: the last one, which has all of them from the one in the middle, never has a part of one.
import { expect, test } from "vitest";
import { createPair } from "../simulation/network.ts";
import { createNode, type Node } from "../simulation/node.ts";
import { createRandom } from "../simulation/random.ts";
import { createVirtualTime } from "../simulation/virtual-time.ts";

const transactions = 150;

/** What is there of transactions that have an event and two rows each: one of its own, and one that the next ones write over, which comes with the last of these. */
function partsOf(of: Node, { replica }: Node): string[] {
  const events = replica.eventsOf(of.replica.author).length;
  const rows = Array.from({ length: transactions }, (_, i) => replica.get(`row ${i}`)).filter(Boolean).length;
  const latest = Number(replica.get("latest")?.value ?? -1) + 1;
  return events === rows && latest <= rows ? [] : [`${events} events, ${rows} rows, and the latest of ${latest}`];
}

test.each([1, 2, 3, 4, 5])("seed %i", (seed) => {
  const time = createVirtualTime();
  const random = createRandom(seed);
  const [writer, middle, last] = ["writer", "middle", "last"].map((name) =>
    createNode(name, { time, random, limits: {} }),
  ) as [Node, Node, Node];
  for (const node of [writer, middle, last]) {
    node.start();
    node.replica.write([{ key: node.name, value: "here" }]);
  }
  for (const [a, b] of [
    [writer, middle],
    [middle, last],
  ] as const) {
    const pair = createPair(time, { names: [a.name, b.name], latency: () => random.between(0.3, 30) });
    a.syncer?.connect(pair.a.link);
    b.syncer?.connect(pair.b.link);
  }
  const run = (milliseconds: number) => {
    for (const until = time.now() + milliseconds; time.step(until); ) expect(partsOf(writer, last)).toEqual([]);
  };
  run(3_000);
  for (let i = 0; i < transactions; i++) {
    writer.replica.write(
      [
        { key: `row ${i}`, value: "v" },
        { key: "latest", value: String(i) },
      ],
      [`event ${i}`],
    );
    run(random.between(0, 60));
  }
  run(10_000);
  expect(last.replica.eventsOf(writer.replica.author)).toHaveLength(transactions);
});
