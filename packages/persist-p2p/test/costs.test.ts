/** What goes over the wire, in bytes. */
import { describe, expect, test } from "vitest";
import { createSyncer, type Syncer } from "../src/sync/syncer.ts";
import { createModelReplica, type ModelReplica } from "./simulation/model-replica.ts";
import { createPair, type Pair } from "./simulation/network.ts";
import { createVirtualTime } from "./simulation/virtual-time.ts";

const rows = 100_000;
const latency = 5;
const time = createVirtualTime();
let drawn = 0;
const name = (): string => (++drawn).toString(16).padStart(8, "0").repeat(4);
const now = (): number => 1_700_000_000_000 + time.now();

function filled(count: number): ModelReplica {
  const replica = createModelReplica({ name, now });
  for (let i = 0; i < count; i += 1) replica.write([{ key: `row ${i}`, value: `value ${i}` }]);
  return replica;
}

const started = (replica: ModelReplica): Syncer => createSyncer({ replica, now, scheduler: time.process().scheduler });

function connected(a: Syncer, b: Syncer): Pair {
  const pair = createPair(time, { names: ["a", "b"], latency: () => latency });
  a.connect(pair.a.link);
  b.connect(pair.b.link);
  return pair;
}

const bytes = ({ a, b }: Pair): number => a.sent.bytes + b.sent.bytes;
const run = (milliseconds: number): void => {
  const until = time.now() + milliseconds;
  while (time.step(until));
};
const isInSync = (...all: Syncer[]): boolean =>
  all.every((one) => one.peers().length > 0 && one.peers().every(({ inSync }) => inSync));

function runUntil(isSo: () => boolean): number {
  const start = time.now();
  while (!isSo()) if (!time.step(start + 120_000)) throw new Error("it never comes");
  return time.now() - start;
}

describe("of 100 000 rows", () => {
  const a = filled(rows);
  const b = createModelReplica({ name, now, from: a.saved() });
  b.restored(); // a copy of its own
  const [sa, sb] = [started(a), started(b)];

  test("first contact of equal sets, reconnecting and ten changes", { timeout: 300_000 }, () => {
    for (let i = 0; i < 5; i += 1) a.write([{ key: `row ${i * 7_919}`, value: "changed" }]);
    for (let i = 5; i < 10; i += 1) b.write([{ key: `row ${i * 7_919}`, value: "changed" }]);
    const first = connected(sa, sb);
    runUntil(() => isInSync(sa, sb));
    expect(a.everything()).toBe(b.everything());
    run(5_000);
    const firstBytes = bytes(first);
    first.cut();
    run(100);

    const again = connected(sa, sb);
    runUntil(() => isInSync(sa, sb));
    run(1_000);
    const unchanged = bytes(again);
    again.cut();
    run(100);

    for (let i = 20; i < 30; i += 1) a.write([{ key: `row ${i * 101}`, value: "changed again" }]);
    const changed = connected(sa, sb);
    const tookChanged = runUntil(() => a.everything() === b.everything());
    runUntil(() => isInSync(sa, sb));
    run(1_000);
    expect(firstBytes).toBeLessThanOrEqual(12_000);
    expect(unchanged).toBeLessThanOrEqual(400);
    expect(bytes(changed)).toBeLessThanOrEqual(2_048);
    // One round trip: an introduction there, the rows back.
    expect(tookChanged).toBeLessThan(2 * latency + 2);
  });
});
