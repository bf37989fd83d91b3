// Listings and their pages.
import type { Bound } from "@cuitty/persist-core";
import { engineMutant, type Mutant } from "./mutant.ts";

export const listings: readonly Mutant[] = [
  engineMutant(
    "ends a listing after its first page",
    ["K-list-batches-kv-list", "K-list-many", "K-engine-scan-limit"],
    (engine) => ({ scan: async (space, range, o) => ({ ...(await engine.scan(space, range, o)), more: false }) }),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "takes exclusive bounds for inclusive ones",
    ["K-list-start-after-kv-list", "K-engine-scan-lower-exclusive"],
    (engine) => ({
      scan: (space, range, o) =>
        engine.scan(
          space,
          range.by === "key" && range.lower ? { ...range, lower: { ...range.lower, inclusive: true } } : range,
          o,
        ),
    }),
  ),
  engineMutant(
    "lists forwards what is wanted in reverse",
    ["K-order-table-kv-list", "K-list-reverse-records-list"],
    (engine) => ({
      scan: async (space, range, o) => {
        const page = await engine.scan(space, range, o);
        return range.reverse && range.by === "key" ? { ...page, rows: [...page.rows].reverse() } : page;
      },
    }),
  ),
  engineMutant("gives a page one row too many", ["K-list-limit-kv-list", "K-engine-scan-limit"], (engine) => ({
    scan: (space, range, o) => engine.scan(space, { ...range, limit: range.limit + 1 }, o),
  })),
  engineMutant(
    "goes on by counting rows, and so skips one for each that was deleted meanwhile",
    ["K-list-write-while-kv-list", "K-list-delete-while-kv-list", "K-list-delete-while-records-list"],
    (engine) => {
      /** Where pages have ended: how many rows were before that, from which bound on. */
      const ends = new Map<string, { lower: Bound | undefined; rows: number }>();
      return {
        async scan(space, range, o) {
          if (range.by !== "key" || range.reverse) return engine.scan(space, range, o);
          const end = range.lower && ends.get(`${space} ${range.lower.key}`);
          const from = end ?? { lower: range.lower, rows: 0 };
          const all = await engine.scan(space, { ...range, lower: from.lower, limit: from.rows + range.limit }, o);
          const rows = all.rows.slice(from.rows);
          const last = rows.at(-1);
          if (last !== undefined)
            ends.set(`${space} ${last.key}`, { lower: from.lower, rows: from.rows + rows.length });
          return { rows, more: all.more };
        },
      };
    },
  ),
];
