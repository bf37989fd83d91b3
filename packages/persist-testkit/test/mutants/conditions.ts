// Versions, and what depends on them.
import type { Engine, Op, Row } from "@cuitty/persist-core";
import { changingOps, engineMutant, type Mutant, withoutCondition } from "./mutant.ts";

/** Conditions hold too where what is there is `like` what had the version that is asked for. Versions are told as they are. */
const comparing =
  (like: (facts: { value: string; writes: number }) => unknown) =>
  (engine: Engine): Partial<Engine> => {
    /** What each version had, and how many writes since it was created there were. */
    const facts = new Map<string, { value: string; writes: number }>();
    return {
      async commit(lists, o) {
        const translated: Op[][] = [];
        for (const list of lists) {
          const ops: Op[] = [];
          for (const op of list) {
            const row = "key" in op ? (await engine.read(op.space, [op.key], o))[0] : undefined;
            if (op.op === "put") {
              const writes = 1 + (row === undefined ? 0 : (facts.get(row.version)?.writes ?? 0));
              facts.set(op.version, { value: op.value, writes });
            }
            const asked = "ifVersion" in op && typeof op.ifVersion === "string" ? facts.get(op.ifVersion) : undefined;
            const found = row && facts.get(row.version);
            const isLike = asked !== undefined && found !== undefined && like(asked) === like(found);
            ops.push(isLike ? ({ ...op, ifVersion: row?.version } as Op) : op);
          }
          translated.push(ops);
        }
        return engine.commit(translated, o);
      },
    };
  };

export const conditions: readonly Mutant[] = [
  engineMutant("makes versions from values", ["K-records-version-changes", "K-if-aba-kv-set"], (engine) => {
    const byValue = <R extends Row | undefined>(row: R) => row && { ...row, version: `v-${row.value}` };
    return {
      read: async (space, keys, o) => (await engine.read(space, keys, o)).map(byValue),
      commit: async (lists, o) => {
        const translated: Op[][] = [];
        for (const list of lists) {
          const ops: Op[] = [];
          for (const op of list) {
            const isAsked = "ifVersion" in op && typeof op.ifVersion === "string";
            const row = isAsked ? (await engine.read(op.space, [op.key], o))[0] : undefined;
            ops.push(
              row !== undefined && isAsked && op.ifVersion === `v-${row.value}`
                ? { ...op, ifVersion: row.version }
                : op,
            );
          }
          translated.push(ops);
        }
        return engine.commit(translated, o);
      },
    };
  }),
  engineMutant(
    "ignores conditions",
    ["K-if-match-stale-kv-set", "K-if-none-match-records-put", "K-records-insert"],
    changingOps(withoutCondition),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "ignores conditions of deletes",
    ["K-if-match-stale-kv-delete", "K-if-match-stale-records-delete", "K-if-race-blobs-delete"],
    changingOps((op) => (op.op === "delete" ? withoutCondition(op) : op)),
  ),
  engineMutant(
    "ignores conditions on rows that are not the user's, such as the checkpoint of a consumer",
    ["K-consume-takeover"],
    changingOps((op) => ("space" in op && op.space === "system" ? withoutCondition(op) : op)),
  ),
  engineMutant(
    "compares contents instead of versions",
    ["K-if-aba-records-put", "K-if-aba-kv-delete"],
    comparing(({ value }) => value),
  ),
  engineMutant(
    "counts versions from one again after a delete",
    ["K-if-aba-records-put", "K-if-aba-kv-delete"],
    comparing(({ writes }) => writes),
  ),
  engineMutant(
    "takes an absent key for any version",
    ["K-if-match-missing-records-put", "K-if-match-missing-kv-delete"],
    (engine) => ({
      async commit(lists, o) {
        const lenient: Op[][] = [];
        for (const list of lists) {
          const ops: Op[] = [];
          for (const op of list) {
            const isAsked = op.op !== "check" && "ifVersion" in op && typeof op.ifVersion === "string";
            const [row] = isAsked ? await engine.read(op.space, [op.key], o) : [];
            ops.push(isAsked && row === undefined ? withoutCondition(op) : op);
          }
          lenient.push(ops);
        }
        return engine.commit(lenient, o);
      },
    }),
  ),
  engineMutant(
    "says that deleting the missing deleted something",
    ["K-kv-missing", "K-records-delete", "K-engine-delete"],
    (engine) => ({
      async commit(lists, o) {
        const results = await engine.commit(lists, o);
        return results.map((result, i) =>
          result.outcome === "applied"
            ? {
                ...result,
                answers: result.answers.map((answer, j) =>
                  lists[i]?.[j]?.op === "delete" ? { ...answer, existed: true } : answer,
                ),
              }
            : result,
        );
      },
    }),
  ),
  engineMutant("takes every write for a creation", ["K-records-times", "K-engine-created"], (engine) => {
    const anew = <R extends Row | undefined>(row: R) => row && { ...row, createdAt: row.updatedAt };
    return {
      read: async (space, keys, o) => (await engine.read(space, keys, o)).map(anew),
      scan: async (space, range, o) => {
        const page = await engine.scan(space, range, o);
        return { ...page, rows: page.rows.map(anew) };
      },
      async commit(lists, o) {
        const results = await engine.commit(lists, o);
        return results.map((result) =>
          result.outcome === "applied"
            ? { ...result, answers: result.answers.map((answer) => ({ ...answer, createdAt: result.time })) }
            : result,
        );
      },
    };
  }),
];
