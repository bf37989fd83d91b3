/** What the same operation costs over Postgres in a small store and in one a thousand times as large. */
import { compareSizes, shown } from "../growth/compare-sizes.ts";
import { grownOperations } from "../growth/grown-operations.ts";
import { growPostgres } from "../growth/grown-postgres.ts";
import type { GrownStore } from "../growth/grown-store.ts";
import { questions } from "../growth/people.ts";
import type { Pace } from "../interleave.ts";
import { settingsNote, startBenchServer } from "../postgres/server.ts";
import type { Suite } from "../suite.ts";

const sizes = [1_000, 1_000_000];

export const postgresGrowth: Suite = {
  title: "Cost of one operation in a larger store, by its cost in one of 1 000 (Postgres)",
  notes: [
    settingsNote,
    "A store of 1 000 000 holds as many entries in kv, as many records with two indexes, and as many events, ten to a stream; all with random keys and about 200 bytes each.",
    "Filled by SQL in the tables that Persist has made, and analyzed. Each call is for something at random.",
  ],

  async run({ quick, folder, progress }) {
    const pace: Pace = quick ? { rounds: 15, sample: 20, warmUp: 300 } : { rounds: 61, sample: 25, warmUp: 1000 };
    await using server = await startBenchServer(folder);
    const stores: GrownStore[] = [];
    for (const size of sizes) {
      progress(`filling a store with ${shown(size)} entries, records and events`);
      stores.push(await growPostgres(await server.database(String(size)), size));
    }
    const operations = [...grownOperations, ...questions];
    const figures = await compareSizes(stores, { operations, pace, bar: { atMost: 1.5 }, progress });
    for (const { store } of stores) await store.close();
    return figures;
  },
};
