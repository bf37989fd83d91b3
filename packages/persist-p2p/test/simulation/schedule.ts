/** One random schedule: replicas that write, links that break, processes that are killed; then everything heals, and all of them must have the same. */
import { strictEqual as equal, ok } from "node:assert";
import type { ModelState } from "./model-replica.ts";
import { createPair, type Pair } from "./network.ts";
import { createNode, type Node } from "./node.ts";
import { createOracle } from "./oracle.ts";
import { createRandom, type Random } from "./random.ts";
import { createVirtualTime } from "./virtual-time.ts";

export interface Told {
  readonly nodes: number;
  readonly events: number;
  readonly bytes: number;
  /** Until all were equal, after everything had healed. */
  readonly healed: number;
}

const limits = { retry: 10_000, patience: 200 };
/** After everything has healed. Clocks jump by up to twenty minutes, and what was written then has to wait. */
const deadline = 40 * 60_000;

export function runSchedule(seed: number, trace?: (line: string) => void): Told {
  const random = createRandom(seed);
  const time = createVirtualTime();
  const oracle = createOracle();
  const say = (what: string): void => trace?.(`${time.now().toFixed(2).padStart(10)} ${what}`);
  const count = 2 + random.below(7);
  // What was restored and written before anybody could tell is found by comparing everything. All else must be equal without that.
  const restores = random.chance(0.3);
  const selfCheck = restores ? 90_000 : 2 * deadline;
  const isWild = random.chance(0.5);
  let isHealed = false;
  const fails = (): boolean => isWild && !isHealed && random.chance(0.01);
  const onApply = (node: Node, hasPlace: boolean, peer: string): void =>
    oracle.applied(
      node,
      hasPlace,
      nodes.find(({ replica }) => replica.id === peer),
    );
  const nodes: readonly Node[] = Array.from({ length: count }, (_, i) =>
    createNode(`n${i}`, { time, random, limits: { ...limits, selfCheck }, fails, onApply }),
  );
  const edges = drawEdges(random, nodes);
  const snapshots = new Map<Node, ModelState>();
  let events = 0;

  for (const node of nodes) {
    if (random.chance(0.5)) oracle.write(node, random, nodes); // before anybody has met anybody
    node.start();
  }

  function connect(edge: Edge): void {
    const [a, b] = edge.nodes;
    if (a.syncer === undefined || b.syncer === undefined) return;
    const slow = isHealed || random.chance(0.9) ? 100_000 : random.between(20, 500);
    const typical = edge.latency;
    const pair = createPair(time, {
      names: [a.name, b.name],
      latency: () => typical * (0.5 + random.next()),
      speed: slow,
      limited: !isHealed && random.chance(0.05),
      ...(trace === undefined ? {} : { trace: say }),
    });
    edge.pairs.push(pair);
    a.syncer.connect(pair.a.link);
    b.syncer.connect(pair.b.link);
  }

  /** What a network would do: dial again after a while. */
  function dial(edge: Edge): void {
    edge.pairs = edge.pairs.filter((pair) => !pair.isOver());
    if (edge.isOpen && (edge.pairs.length === 0 || (!isHealed && random.chance(0.02)))) connect(edge);
    time.at(time.now() + random.between(5, 200), () => dial(edge));
  }
  for (const edge of edges) dial(edge);

  function cutAll(node: Node): void {
    for (const { nodes: ends, pairs } of edges) if (ends.includes(node)) for (const pair of pairs) pair.cut();
  }

  function restart(node: Node, state?: ModelState): void {
    say(`${node.name} is killed${state === undefined ? "" : " and restored"}`);
    node.kill();
    cutAll(node);
    if (state !== undefined) {
      node.restore(state);
      oracle.restored(node, nodes);
    }
    time.at(time.now() + random.between(0, 500), () => {
      if (node.syncer === undefined) node.start();
    });
  }

  const weights: readonly (readonly [number, () => void])[] = [
    [40, () => oracle.write(random.pick(nodes), random, nodes)],
    [8, () => random.pick(random.pick(edges).pairs)?.cut()],
    [
      4,
      () => {
        const edge = random.pick(edges);
        edge.isOpen = !edge.isOpen;
        if (!edge.isOpen) for (const pair of edge.pairs) pair.cut();
      },
    ],
    [3, () => restart(random.pick(nodes))],
    [
      1,
      () => {
        const node = random.pick(nodes);
        snapshots.set(node, node.replica.saved());
      },
    ],
    [
      1,
      () => {
        const [node, state] = [...snapshots][0] ?? [];
        if (node === undefined || !restores) return;
        snapshots.delete(node);
        restart(node, state);
      },
    ],
    [
      1,
      () => {
        const node = random.pick(nodes);
        node.skew = random.chance(0.5) ? 0 : random.between(-20, 20) * 60_000;
        say(`${node.name} has a clock that is ${node.skew} ahead`);
      },
    ],
  ];
  const lots = weights.flatMap(([weight, action]) => Array.from({ length: weight }, () => action));
  function act(): void {
    if (isHealed) return;
    if (isWild) random.pick(lots)();
    else oracle.write(random.pick(nodes), random, nodes);
    time.at(time.now() + random.between(0, 200), act);
  }
  act();

  const until = random.between(500, 10_000);
  while (time.step(until)) events += 1;

  isHealed = true;
  say("everything heals");
  for (const node of nodes) {
    node.skew = 0;
    if (node.syncer === undefined) node.start();
  }
  for (const edge of edges) {
    edge.isOpen = true;
    // Links of limited length are nothing that stays.
    for (const pair of edge.pairs) if (pair.a.link.limited || random.chance(0.5)) pair.cut();
  }
  const isSame = (): boolean => new Set(nodes.map(({ replica }) => replica.everything())).size === 1;
  const isQuiet = (): boolean =>
    nodes.every(({ syncer }) => syncer?.peers().every(({ inSync }) => inSync) && syncer.peers().length > 0);
  let healed = 0;
  const start = time.now();
  let quietSince: number | undefined;
  for (let next = time.now(); time.step(start + deadline); events += 1) {
    if (time.now() < next) continue;
    next = time.now() + (time.now() - start < 10_000 ? 50 : 1_000);
    if (!isQuiet()) {
      quietSince = undefined;
      continue;
    }
    quietSince ??= time.now();
    if (!restores && time.now() - quietSince > 30_000) break; // nothing will change any more
    if (!isSame()) continue;
    healed = time.now() - start;
    break;
  }
  ok(isSame(), "the replicas differ");
  ok(isQuiet(), "the peers are equal, and do not know it");
  const frames = (): number =>
    edges.flatMap(({ pairs }) => pairs).reduce((sum, { a, b }) => sum + a.sent.frames + b.sent.frames, 0);
  const end = time.now() + 2_000;
  while (time.step(end)) events += 1;
  const before = frames();
  while (time.step(end + 4_000)) events += 1;
  // A comparison of everything that happens to fall into this time is a dozen frames on each link.
  ok(frames() - before <= edges.length * 16, `${frames() - before} frames, and nothing has happened`);
  ok(isSame(), "the replicas differ again");
  oracle.check(nodes);
  for (const { pairs } of edges) for (const pair of pairs) equal(pair.wasBanned(), false, "an honest peer was banned");
  const bytes = edges.flatMap(({ pairs }) => pairs).reduce((sum, { a, b }) => sum + a.sent.bytes + b.sent.bytes, 0);
  return { nodes: count, events, bytes, healed };
}

interface Edge {
  readonly nodes: readonly [Node, Node];
  readonly latency: number;
  isOpen: boolean;
  pairs: Pair[];
}

/** Connected, and some more. */
function drawEdges(random: Random, nodes: readonly Node[]): Edge[] {
  const density = random.pick([0, 0.3, 1]);
  return nodes.flatMap((b, i) =>
    nodes.slice(0, i).flatMap((a, j) => {
      const isTree = j === i - 1;
      if (!isTree && !random.chance(density)) return [];
      return [{ nodes: [a, b] as const, latency: random.pick([0.2, 5, 80]), isOpen: true, pairs: [] }];
    }),
  );
}
