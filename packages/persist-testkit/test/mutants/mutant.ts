// How adapters are made that are wrong on purpose, each in exactly one way.
import { type Engine, memory, type Op, type PersistAdapter, type Scope } from "@cuitty/persist-core";
import type { Harness } from "@cuitty/persist-testkit";
import { bareAdapter } from "../harnesses.ts";

export interface Mutant {
  readonly name: string;
  /** What it would be if it were right. */
  readonly base: Base;
  /** Each of them must fail. */
  readonly clauses: readonly string[];
  /** A clause with random sequences that must find it too. */
  readonly model?: string;
  create(): Harness;
}

export type Base = "memory" | "four methods" | "sqlite" | "peers";

/** The verbs that are replaced. `openings` counts how often this scope was opened before. */
type Change = (engine: Engine, openings: number) => Partial<Engine>;

/** The memory engine with some of its verbs replaced. */
export function engineMutant(
  name: string,
  clauses: readonly string[],
  change: Change,
  more: { model?: string; scope?: (scope: Scope) => Scope } = {},
): Mutant {
  const { model, scope: changeScope = (scope: Scope) => scope } = more;
  return {
    name,
    base: "memory",
    clauses,
    ...(model === undefined ? {} : { model }),
    create: () =>
      harnessOf(name, () => {
        const adapter = memory();
        const openings = new Map<string, number>();
        const open = async (scope: Scope): Promise<Engine> => {
          const engine = (await adapter.engine?.(changeScope(scope))) as Engine;
          const id = `${scope.name}/${scope.namespace}`;
          const before = openings.get(id) ?? 0;
          openings.set(id, before + 1);
          return { ...engine, ...change(engine, before) };
        };
        return { ...adapter, engine: open };
      }),
  };
}

/** Four methods over a Map of JSON texts, some of them replaced. */
export function bareMutant(
  name: string,
  clauses: readonly string[],
  change: (adapter: PersistAdapter, map: Map<string, string>) => Partial<PersistAdapter>,
): Mutant {
  const create = () =>
    harnessOf(name, () => {
      const map = new Map<string, string>();
      const adapter = bareAdapter(map, "ordered and batch");
      const { ordered: _, batch: __, ...bare } = adapter;
      const changed = change(adapter, map);
      return { ...bare, ...changed };
    });
  return { name, base: "four methods", clauses, create };
}

export function harnessOf(name: string, create: () => PersistAdapter): Harness {
  const adapters = new Map<string, PersistAdapter>();
  return {
    name,
    async open(id) {
      const adapter = adapters.get(id) ?? create();
      adapters.set(id, adapter);
      return adapter;
    },
    destroy: async (id) => void adapters.delete(id),
  };
}

/** Every commit with each of its operations changed. */
export const changingOps =
  (change: (op: Op, number: number, list: readonly Op[]) => Op) =>
  (engine: Engine): Partial<Engine> => ({
    commit: (lists, o) =>
      engine.commit(
        lists.map((list) => list.map(change)),
        o,
      ),
  });

export const withoutCondition = (op: Op): Op => {
  if (!("ifVersion" in op) || op.op === "check") return op;
  const { ifVersion: _, ...rest } = op;
  return rest as Op;
};
