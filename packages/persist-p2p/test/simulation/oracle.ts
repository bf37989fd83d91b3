/** What was written, and what must therefore be found in the end. */
import { ok } from "node:assert";
import type { Put } from "./model-replica.ts";
import type { Node } from "./node.ts";
import type { Random } from "./random.ts";

export interface Oracle {
  write(node: Node, random: Random, nodes: readonly Node[]): void;
  /** A replica has applied what a peer sent; `undefined`: one that has another name by now. */
  applied(node: Node, hasPlace: boolean, peer: Node | undefined): void;
  /** What only this replica had and has not any more is lost. */
  restored(node: Node, nodes: readonly Node[]): void;
  check(nodes: readonly Node[]): void;
}

/** Keys that are only ever written together, by one replica. */
const groupOf = (name: string): readonly string[] => [1, 2, 3].map((i) => `group ${name} ${i}`);

export function createOracle(): Oracle {
  let required = new Map<string, string>();
  /** What each author has appended. */
  const logs = new Map<string, string[]>();
  let requiredEvents = new Map<string, number>();
  const wasRestored = new Set<Node>();
  /** Not any more where rows came out of their commits, and at who reads them there. */
  const isTorn = new Set<Node>();
  let names: readonly string[] = [];
  let written = 0;

  function drawPuts(node: Node, random: Random): Put[] {
    written += 1;
    const value = `${node.name} ${written}`;
    if (random.chance(0.3)) return groupOf(node.name).map((key) => ({ key, value }));
    const keys = new Set(Array.from({ length: random.pick([1, 1, 1, 3, 30]) }, () => `key ${random.below(40)}`));
    const long = random.chance(0.03) ? "x".repeat(random.below(100_000)) : "";
    return [...keys].map((key) => ({ key, value: `${value}${long}` }));
  }

  return {
    write(node, random, nodes) {
      names = nodes.map(({ name }) => name);
      const puts = random.chance(0.9) ? drawPuts(node, random) : [];
      if (random.chance(0.04)) {
        const blob = random.bytes(random.pick([0, 10, 300_000, 1_500_000]));
        puts.push({ key: `blob ${random.below(5)}`, value: "bytes", blob });
      }
      const author = node.replica.author;
      const mayAppend = !wasRestored.has(node); // see the weak points of restoring, in the design
      const events =
        mayAppend && random.chance(0.3) ? Array.from({ length: 1 + random.below(3) }, (_, i) => `${written} ${i}`) : [];
      const stamp = node.replica.write(puts, events);
      for (const { key } of puts) required.set(key, [stamp, required.get(key) ?? ""].sort()[1] as string);
      logs.set(author, [...(logs.get(author) ?? []), ...events]);
      requiredEvents.set(author, (requiredEvents.get(author) ?? 0) + events.length);
    },

    applied(node, hasPlace, peer) {
      if (!hasPlace || peer === undefined || isTorn.has(peer)) isTorn.add(node);
      if (isTorn.has(node)) return;
      for (const name of names) {
        const values = new Set(groupOf(name).map((key) => node.replica.get(key)?.value));
        ok(values.size === 1, `${node.name} has a commit of ${name} in part`);
      }
    },

    restored(node, nodes) {
      wasRestored.add(node);
      required = new Map(
        [...required.keys()].map((key) => [
          key,
          nodes
            .map(({ replica }) => replica.get(key)?.stamp ?? "")
            .sort()
            .at(-1) as string,
        ]),
      );
      requiredEvents = new Map(
        [...logs.keys()].map((author) => [
          author,
          Math.max(...nodes.map(({ replica }) => replica.eventsOf(author).length)),
        ]),
      );
    },

    check(nodes) {
      for (const { name, replica } of nodes) {
        ok(replica.hasBlobs(), `${name} has rows without their bytes`);
        for (const [key, stamp] of required) {
          ok((replica.get(key)?.stamp ?? "") >= stamp, `${name} has lost a write of "${key}"`);
        }
        for (const [author, log] of logs) {
          const found = replica.eventsOf(author);
          ok(found.length >= (requiredEvents.get(author) ?? 0), `${name} has lost events`);
          ok(
            found.every((data, i) => data === log[i]),
            `${name} has events in another order`,
          );
        }
      }
    },
  };
}
