// Listings and their pages.
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
];
