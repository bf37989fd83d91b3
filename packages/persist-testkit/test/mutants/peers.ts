// What peers do with what they have written apart.
import type { Engine, Op, PersistAdapter, PutOp } from "@cuitty/persist-core";
import type { Harness } from "@cuitty/persist-testkit";
import { p2pThreeHarness } from "../p2p-harness.ts";
import { changingOps, type Mutant } from "./mutant.ts";

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

const facadesOf = (key: string): string[] => ["records", "kv", "blobs"].map((facade) => `${key}-${facade}`);

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

/** What this engine has written itself: of each version its operation. */
function ownPuts(engine: Engine): { readonly own: Map<string, PutOp>; readonly commit: Engine["commit"] } {
  const own = new Map<string, PutOp>();
  return {
    own,
    commit(lists, o) {
      for (const op of lists.flat()) if (op.op === "put") own.set(op.version, op);
      return engine.commit(lists, o);
    },
  };
}

const tellingItsOwn = (engine: Engine): Partial<Engine> => {
  const { own, commit } = ownPuts(engine);
  const read: Engine["read"] = async (space, keys, o) => {
    const rows = await engine.read(space, keys, o);
    return rows.map((row, i) => {
      const put = [...own.values()].findLast((op) => op.space === space && op.key === keys[i]);
      return row && put ? { ...row, value: put.value, content: put.content } : row;
    });
  };
  return {
    commit,
    read,
    value: async (key, o) => (await read("kv", [key], o))[0]?.value,
  };
};

const keepingOthers = (engine: Engine): Partial<Engine> => {
  const { own, commit } = ownPuts(engine);
  return {
    async commit(lists, o) {
      const kept = async (op: Op): Promise<Op> => {
        if (op.op !== "put") return op;
        const [row] = await engine.read(op.space, [op.key], o);
        if (row === undefined || own.has(row.version)) return op;
        return { op: "check", space: op.space, key: op.key, ifVersion: row.version };
      };
      return commit(await Promise.all(lists.map((list) => Promise.all(list.map(kept)))), o);
    },
  };
};

const findingItsOwn = (engine: Engine): Partial<Engine> => {
  const { own, commit } = ownPuts(engine);
  return {
    commit,
    async scan(space, range, o) {
      const page = await engine.scan(space, range, o);
      if (range.by === "key") return page;
      const isOwn = page.rows.map(({ version }) => own.has(version));
      return {
        ...page,
        rows: page.rows.filter((_, i) => isOwn[i]),
        ...(page.tuples === undefined ? {} : { tuples: page.tuples.filter((_, i) => isOwn[i]) }),
      };
    },
  };
};

const reportingItsOwn = (engine: Engine): Partial<Engine> => {
  const { own, commit } = ownPuts(engine);
  return {
    commit,
    async changes(since, limit, o) {
      const page = await engine.changes(since, limit, o);
      return { ...page, changes: page.changes.filter(({ version }) => own.has(version)) };
    },
  };
};

const backwards = (engine: Engine): Partial<Engine> => ({
  async events(range, o) {
    const page = await engine.events(range, o);
    return { ...page, events: page.events.map((event, i, all) => ({ ...event, data: all.at(-1 - i)?.data ?? "" })) };
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
  peersMutant(
    "makes numbers of bigints where it merges",
    ["K-peers-update-exact"],
    changingOps((op) =>
      op.op === "put" && op.update !== undefined
        ? { ...op, value: op.value.replaceAll(/\{"\$i":"(\d+)"\}/g, "$1") }
        : op,
    ),
  ),
  peersMutant(
    "puts null where it was to delete",
    ["K-peers-delete", "K-peers-increment-a-deletion"],
    changingOps((op) => (op.op === "delete" ? { ...op, op: "put", value: "null" } : op)),
  ),
  peersMutant(
    "erases nothing",
    ["K-peers-erase", "K-peers-erase-id", "K-peers-events-again"],
    changingOps((op) => (op.op === "erase" ? { ...op, before: 1 } : op)),
  ),
  peersMutant("tells the events of a page backwards", ["K-peers-events"], backwards),
  peersMutant("tells what it has put itself, whatever has come since", facadesOf("K-peers-put"), tellingItsOwn),
  peersMutant(
    "keeps what others have put against all that is put later",
    facadesOf("K-peers-put-again"),
    keepingOthers,
  ),
  peersMutant("finds by an index only what it has put itself", ["K-peers-indexes"], findingItsOwn),
  peersMutant("knows of no conflicts", ["K-peers-unique", "K-peers-conflict", "K-peers-merge-fields"], () => ({
    conflicts: () => [],
  })),
  peersMutant("tells those who watch only what it has put itself", ["K-peers-watch"], reportingItsOwn),
  {
    name: "never lets peers meet",
    base: "peers",
    clauses: ["K-peers-meet", "K-peers-put-kv", "K-peers-blobs", "K-peers-crash", "K-peers-random"],
    create: () => ({ ...threePeers, name: "never lets peers meet", settle: async () => undefined }),
  },
];
