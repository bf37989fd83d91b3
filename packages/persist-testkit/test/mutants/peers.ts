// What peers do with what they have written apart.
import type { Engine, Op, PersistAdapter } from "@cuitty/persist-core";
import type { Harness } from "@cuitty/persist-testkit";
import { p2pThreeHarness } from "../p2p-harness.ts";
import type { Mutant } from "./mutant.ts";

/** Where they live, wrong or not. */
export const threePeers: Harness & { end(): void } = p2pThreeHarness();

function peersMutant(name: string, clauses: readonly string[], change: (engine: Engine) => Partial<Engine>): Mutant {
  const changed = (adapter: PersistAdapter): PersistAdapter => ({
    ...adapter,
    async engine(scope) {
      const engine = (await adapter.engine?.(scope)) as Engine;
      return { ...engine, ...change(engine) };
    },
  });
  return {
    name,
    base: "peers",
    clauses,
    create: () => ({ ...threePeers, name, open: async (id) => changed(await threePeers.open(id)) }),
  };
}

const changingOps =
  (change: (op: Op) => Op): ((engine: Engine) => Partial<Engine>) =>
  (engine) => ({
    commit: (lists, o) =>
      engine.commit(
        lists.map((list) => list.map(change)),
        o,
      ),
  });

function withoutUpdate(op: Op): Op {
  if (op.op !== "put") return op;
  const { update: _, ...put } = op;
  return put;
}

const puttingSums = (engine: Engine): Partial<Engine> => ({
  async commit(lists, o) {
    const results = await engine.commit(lists, o);
    const sums = lists.flatMap((list, i) =>
      list.flatMap((op, n): Op[] => {
        const result = results[i];
        const value = result?.outcome === "applied" ? result.answers[n]?.value : undefined;
        return op.op === "add" && value !== undefined
          ? [{ op: "put", space: "kv", key: op.key, value, version: op.version }]
          : [];
      }),
    );
    if (sums.length > 0) await engine.commit([sums], o);
    return results;
  },
});

let appended = 0;
const withOwnIds = (op: Op): Op =>
  op.op === "append" ? { ...op, events: op.events.map((event) => ({ ...event, id: `own-${++appended}` })) } : op;

const inPieces = (engine: Engine): Partial<Engine> => ({
  async commit(lists, o) {
    const results = [];
    for (const list of lists) {
      const answers = [];
      for (const op of list) {
        const [result] = await engine.commit([[op]], o);
        if (result?.outcome !== "applied") throw new Error("Nothing is refused here.");
        answers.push(...result.answers);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      results.push({ outcome: "applied" as const, time: o.now, answers });
    }
    return results;
  },
});

export const peers: readonly Mutant[] = [
  peersMutant(
    "puts whole what was updated",
    ["K-peers-update-fields", "K-peers-update-items", "K-peers-conflict", "K-peers-put-update"],
    changingOps(withoutUpdate),
  ),
  peersMutant(
    "merges within fields that are one value",
    ["K-peers-merge-fields"],
    changingOps((op) => (op.op === "put" && op.update === "fields" ? { ...op, update: "deep" } : op)),
  ),
  peersMutant(
    "puts the sum where it was to add",
    ["K-peers-increment-nothing", "K-peers-increment-a-value", "K-peers-increment-a-sum", "K-peers-set-increment"],
    puttingSums,
  ),
  peersMutant(
    "gives events ids of its own",
    ["K-peers-events-id", "K-peers-events-again", "K-peers-erase-id"],
    changingOps(withOwnIds),
  ),
  peersMutant("commits transactions piece by piece", ["K-peers-transaction"], inPieces),
  peersMutant(
    "lets nothing expire",
    ["K-peers-expiry"],
    changingOps((op) => (op.op === "put" ? { ...op, expiresAt: undefined } : op)),
  ),
  {
    name: "never lets peers meet",
    base: "peers",
    clauses: ["K-peers-meet", "K-peers-put-kv", "K-peers-blobs", "K-peers-crash", "K-peers-random"],
    create: () => ({ ...threePeers, name: "never lets peers meet", settle: async () => undefined }),
  },
];
