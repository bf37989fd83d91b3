/** What the same operation costs in a small store and in one a thousand times as large. */
import { join } from "node:path";
import { figureOf, median, ratios } from "../figure.ts";
import { grownOperations } from "../growth/grown-operations.ts";
import { type GrownStore, growStore } from "../growth/grown-store.ts";
import { interleave, type Pace } from "../interleave.ts";
import type { Suite } from "../suite.ts";

const least = 1_000;
const most = 1_000_000;
const sizes = [least, 100_000, most];
const bar = { atMost: 1.5 };

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
    const figures = [];
    for (const operation of grownOperations) {
      progress(operation.name);
      const rates = await interleave(
        stores.map((grown) => ({
          name: String(grown.size),
          prepare: (calls) => operation.prepare(grown, calls),
          settle: async () => undefined,
        })),
        pace,
      );
      const ratesOf = (size: number) => rates.get(String(size)) as readonly number[];
      for (const size of sizes.filter((other) => other !== least)) {
        figures.push(
          figureOf(ratios(ratesOf(least), ratesOf(size)), {
            what: `${operation.name} of ${shown(size)}`,
            against: shown(least),
            unit: "×",
            bar: size === most ? bar : undefined,
            orientation: { "small µs": microseconds(ratesOf(least)), "large µs": microseconds(ratesOf(size)) },
          }),
        );
      }
    }
    for (const { store } of stores) await store.close();
    return figures;
  },
};

const shown = (size: number) => size.toLocaleString("en").replaceAll(",", " ");

const microseconds = (rates: readonly number[]) => (1e6 / median(rates)).toPrecision(3);
