/** What the same operation costs in a small store and in one a thousand times as large. */
import { join } from "node:path";
import { compareSizes, shown } from "../growth/compare-sizes.ts";
import { grownOperations } from "../growth/grown-operations.ts";
import { type GrownStore, growStore } from "../growth/grown-store.ts";
import type { Pace } from "../interleave.ts";
import type { Suite } from "../suite.ts";

const sizes = [1_000, 100_000, 1_000_000];

export const growth: Suite = {
  title: "Cost of one operation in a larger store, by its cost in one of 1 000 (SQLite, relaxed durability)",
  notes: [
    "A store of 1 000 000 holds as many entries in kv, with random keys and about 200 bytes each, and as many events, ten to a stream.",
    "Each call is for something at random. The operating system has the whole file in its memory.",
  ],

  async run({ quick, folder, progress }) {
    const pace: Pace = quick ? { rounds: 15, sample: 10, warmUp: 200 } : { rounds: 101, sample: 15, warmUp: 500 };
    const stores: GrownStore[] = [];
    for (const size of sizes) {
      progress(`filling a store with ${shown(size)} entries and as many events`);
      stores.push(await growStore(join(folder, `${size}.db`), size));
    }
    const figures = await compareSizes(stores, { operations: grownOperations, pace, bar: { atMost: 1.5 }, progress });
    for (const { store } of stores) await store.close();
    return figures;
  },
};
