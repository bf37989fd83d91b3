// What a commit is.
import { type CommitResult, hashRows, type Op, type Row } from "@cuitty/persist-core";
import { changingOps, engineMutant, type Mutant, withoutCondition } from "./mutant.ts";

export const commits: readonly Mutant[] = [
  engineMutant(
    "writes half of what it refuses",
    ["K-engine-commit-conflict-op", "K-engine-commit-judged-first"],
    (engine) => ({
      async commit(lists, o) {
        const results: CommitResult[] = [];
        for (const list of lists) {
          let result: CommitResult = { outcome: "applied", time: o.now, answers: [] };
          for (const [op, one] of list.entries()) {
            const [alone] = await engine.commit([[one]], o);
            if (alone?.outcome !== "applied") {
              result = { outcome: "conflict", op };
              break;
            }
            result = { ...alone, answers: [...(result.outcome === "applied" ? result.answers : []), ...alone.answers] };
          }
          results.push(result);
        }
        return results;
      },
    }),
  ),
  engineMutant(
    "refuses a whole group for one of its lists",
    ["K-engine-commit-groups", "K-engine-commit-in-turn"],
    (engine) => ({
      async commit(lists, o) {
        const results = await engine.commit(lists, o);
        const refusal = results.find(({ outcome }) => outcome === "conflict");
        return refusal === undefined ? results : lists.map(() => refusal);
      },
    }),
  ),
  engineMutant(
    "acknowledges before it applies",
    ["K-kv-read-your-writes", "K-records-read-your-writes", "K-kv-increment"],
    (engine) => {
      let queue: Promise<unknown> = Promise.resolve();
      return {
        async commit(lists, o) {
          const before = queue;
          queue = before
            .then(() => new Promise((resolve) => setTimeout(resolve, 2)))
            .then(() => engine.commit(lists, o));
          return lists.map((list) => ({
            outcome: "applied",
            time: o.now,
            answers: list.map(() => ({
              createdAt: o.now,
              existed: true,
              value: "1",
              appended: { version: 1, position: 1, duplicate: false },
            })),
          }));
        },
      };
    },
  ),
  engineMutant(
    "forgets checks of ranges",
    ["K-tx-phantom", "K-tx-read-list-insert", "K-engine-check-range"],
    changingOps((op) => (op.op === "checkRange" ? { op: "check", space: "system", key: "none", ifVersion: null } : op)),
  ),
  engineMutant(
    "forgets checks of keys",
    ["K-tx-read-kv-get", "K-tx-write-skew", "K-engine-check"],
    changingOps((op) => (op.op === "check" ? { op: "check", space: "system", key: "none", ifVersion: null } : op)),
  ),
  engineMutant(
    "judges all lists of a group by what was there before it",
    ["K-engine-commit-in-turn", "K-if-race-kv-set", "K-tx-lost-update", "K-history-kv"],
    (engine) => ({
      async commit(lists, o) {
        const refusals = new Map<number, number>();
        for (const [i, list] of lists.entries()) {
          for (const [number, op] of list.entries()) {
            if (!("ifVersion" in op) || op.ifVersion === undefined) continue;
            const [row] = await engine.read(op.space, [op.key], o);
            if ((row?.version ?? null) !== op.ifVersion && !refusals.has(i)) refusals.set(i, number);
          }
        }
        const judged = lists.map((list) => list.map(withoutCondition));
        const results = [
          ...(await engine.commit(
            judged.filter((_, i) => !refusals.has(i)),
            o,
          )),
        ];
        return lists.map((_, i): CommitResult => {
          const op = refusals.get(i);
          return op === undefined ? (results.shift() as CommitResult) : { outcome: "conflict", op };
        });
      },
    }),
  ),
  engineMutant(
    "checks of a range what was there, and nothing that came in between",
    ["K-tx-read-list-insert", "K-tx-read-list-empty"],
    (engine) => {
      /** The keys of each range that was looked at, by its hash. */
      const seen = new Map<string, Set<string>>();
      return {
        async scan(space, range, o) {
          const page = await engine.scan(space, range, o);
          seen.set(hashRows(page.rows), new Set(page.rows.map(({ key }) => key)));
          return page;
        },
        async commit(lists, o) {
          const blind: Op[][] = [];
          for (const list of lists) {
            const ops: Op[] = [];
            for (const op of list) {
              if (op.op !== "checkRange") {
                ops.push(op);
                continue;
              }
              const { rows } = await engine.scan(op.space, op.range, o);
              const known = rows.filter(({ key }) => seen.get(op.hash)?.has(key));
              ops.push(hashRows(known) === op.hash ? { ...op, hash: hashRows(rows) } : op);
            }
            blind.push(ops);
          }
          return engine.commit(blind, o);
        },
      };
    },
  ),
  engineMutant("shows the blobs of a commit a moment after its rows", ["K-tx-midway-blobs"], (engine) => ({
    async commit(lists, o) {
      const isBlob = (op: Op) => op.op === "put" && op.space === "blobs";
      const nothing: Op = { op: "check", space: "system", key: "none", ifVersion: null };
      const results = await engine.commit(
        lists.map((list) => (list.length === 1 ? list : list.map((op) => (isBlob(op) ? nothing : op)))),
        o,
      );
      await new Promise((resolve) => setTimeout(resolve, 2));
      const blobs = lists.flatMap((list) => (list.length === 1 ? [] : list.filter(isBlob)));
      if (blobs.length > 0) await engine.commit([blobs], o);
      return results;
    },
  })),
  engineMutant(
    "does the operations of a list in an order of its own",
    ["K-engine-commit-answers", "K-tx-events"],
    (engine) => ({
      async commit(lists, o) {
        const results = await engine.commit(
          lists.map((list) => [...list].reverse()),
          o,
        );
        return results.map((result, i) =>
          result.outcome === "conflict" ? { ...result, op: (lists[i]?.length ?? 1) - 1 - result.op } : result,
        );
      },
    }),
  ),
  engineMutant(
    "reads what was there a moment ago",
    ["K-kv-read-your-writes", "K-history-kv", "K-history-records"],
    (engine) => {
      const before = new Map<string, Row | undefined>();
      return {
        async commit(lists, o) {
          for (const op of lists.flat()) {
            if (!("key" in op)) continue;
            const [row] = await engine.read(op.space, [op.key], o);
            before.set(`${op.space}/${op.key}`, row);
          }
          setImmediate(() => before.clear());
          return engine.commit(lists, o);
        },
        read: async (space, keys, o) => {
          const rows = await engine.read(space, keys, o);
          return rows.map((row, i) => (before.has(`${space}/${keys[i]}`) ? before.get(`${space}/${keys[i]}`) : row));
        },
      };
    },
  ),
  engineMutant(
    "does a moment later what it had given up when its deadline came",
    ["K-engine-commit-settled", "K-timeout-settled"],
    (engine) => ({
      async commit(lists, o) {
        if (performance.now() + 1000 < o.deadline) return engine.commit(lists, o);
        setTimeout(() => void engine.commit(lists, o), 5);
        return lists.map(() => ({ outcome: "unknown", cause: new Error("the deadline has come") }));
      },
    }),
  ),
];
