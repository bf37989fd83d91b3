// The feed of changes.
import { engineMutant, type Mutant } from "./mutant.ts";

export const feed: readonly Mutant[] = [
  engineMutant("reports only what was put, and no deletions, as changes", ["K-engine-changes-deleted"], (engine) => ({
    async changes(since, limit, o) {
      const page = await engine.changes(since, limit, o);
      return { ...page, changes: page.changes.filter(({ row }) => row !== undefined) };
    },
  })),
  engineMutant("never wakes anybody", ["K-engine-wake"], () => ({ wake: () => () => undefined })),
  engineMutant(
    "passes over changes that were committed together with others",
    ["K-engine-changes-together"],
    (engine) => {
      /** Versions that become visible only when the cursor has passed them. */
      const late = new Set<string>();
      return {
        async commit(lists, o) {
          const results = await engine.commit(lists, o);
          if (lists.length > 1) for (const op of lists[0] ?? []) if ("version" in op) late.add(op.version);
          return results;
        },
        async changes(since, limit, o) {
          const page = await engine.changes(since, limit, o);
          const changes = page.changes.filter(({ version }) => !late.has(version));
          if (changes.length > 0) late.clear();
          return { ...page, changes };
        },
      };
    },
  ),
  engineMutant("reports a change with the state that it superseded", ["K-engine-changes-latest"], (engine) => {
    const before = new Map<string, string>();
    return {
      async commit(lists, o) {
        for (const op of lists.flat()) {
          if (op.op !== "put") continue;
          const [row] = await engine.read(op.space, [op.key], o);
          if (row !== undefined) before.set(`${op.space}/${op.key}`, row.value);
        }
        return engine.commit(lists, o);
      },
      async changes(since, limit, o) {
        const page = await engine.changes(since, limit, o);
        const changes = page.changes.map((change) => {
          const value = before.get(`${change.space}/${change.key}`);
          return change.row === undefined || value === undefined
            ? change
            : { ...change, row: { ...change.row, value } };
        });
        return { ...page, changes };
      },
    };
  }),
  engineMutant(
    "skips a change at the seam of two pages",
    ["K-engine-changes-resume", "K-engine-changes-none-skipped"],
    (engine) => ({
      async changes(since, limit, o) {
        const page = await engine.changes(since, limit, o);
        return page.changes.length === limit && limit > 1 ? { ...page, changes: page.changes.slice(0, -1) } : page;
      },
    }),
  ),
  engineMutant(
    "takes what has expired away without a trace",
    ["K-engine-sweep-expired", "K-engine-sweep-steps"],
    (engine) => ({
      async changes(since, limit, o) {
        const page = await engine.changes(since, limit, o);
        return { ...page, changes: page.changes.filter(({ reason }) => reason !== "expired") };
      },
    }),
  ),
  engineMutant("never takes away what has expired", ["K-engine-sweep-takes", "K-engine-sweep-expired"], () => ({
    sweep: () => ({ more: false }),
  })),
  engineMutant(
    "begins the feed a change too late",
    ["K-engine-changes-resume", "K-feed-resume", "K-feed-many-writers"],
    (engine) => ({
      async changes(since, limit, o) {
        const page = await engine.changes(since, limit, o);
        return since === undefined ? page : { ...page, changes: page.changes.slice(1) };
      },
    }),
  ),
  engineMutant("knows the end of the feed only as its beginning", ["K-engine-latest"], (engine) => ({
    latest: async (o) => (await engine.changes(undefined, 1, { ...o, now: 0 })).changes[0]?.cursor ?? engine.latest(o),
  })),
];
