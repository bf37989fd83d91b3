// Unique entries of indexes.
import type { IndexEntry, Op, PutOp } from "@cuitty/persist-core";
import { changingOps, engineMutant, type Mutant } from "./mutant.ts";

const same = (a: IndexEntry, b: IndexEntry) => a.index === b.index && String(a.tuple) === String(b.tuple);

export const uniqueness: readonly Mutant[] = [
  engineMutant(
    "leaves unique entries unguarded",
    ["K-engine-unique", "K-engine-unique-race"],
    changingOps((op) =>
      op.op === "put" && op.index ? { ...op, index: op.index.map((entry) => ({ ...entry, unique: false })) } : op,
    ),
  ),
  engineMutant(
    "compares unique tuples with what is stored, and not with the rest of the commit",
    ["K-engine-unique-within"],
    changingOps((op, number) =>
      op.op === "put" && op.index && number > 0
        ? { ...op, index: op.index.map((entry) => ({ ...entry, unique: false })) }
        : op,
    ),
  ),
  engineMutant(
    "leaves the entries of a row that was written over",
    ["K-engine-index-replaced", "K-engine-unique-moved"],
    (engine) => {
      const entries = new Map<string, NonNullable<PutOp["index"]>>();
      return changingOps((op) => {
        if (op.op !== "put" || op.index === undefined) return op;
        const index = [
          ...op.index,
          ...(entries.get(op.key) ?? []).filter((old) => !op.index?.some((one) => same(one, old))),
        ];
        entries.set(op.key, index);
        return { ...op, index };
      })(engine);
    },
  ),
  engineMutant(
    "forgets the entries of a reindex",
    ["K-engine-reindex", "K-engine-reindex-unique", "K-index-restart"],
    changingOps((op) => (op.op === "reindex" ? { ...op, index: [] } : op)),
    { model: "K-model-queries" },
  ),
  engineMutant("reindexes what was written meanwhile", ["K-engine-reindex-version"], (engine) => ({
    async commit(lists, o) {
      const present = async (op: Op): Promise<Op> => {
        if (op.op !== "reindex") return op;
        const [row] = await engine.read("records", [op.key], o);
        return row === undefined ? op : { ...op, ifVersion: row.version };
      };
      const changed: Op[][] = [];
      for (const list of lists) changed.push(await Promise.all(list.map(present)));
      return engine.commit(changed, o);
    },
  })),
];
