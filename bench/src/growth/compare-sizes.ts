/** What the same operation costs in stores of several sizes, the smallest first. */
import { type Bar, type Figure, figureOf, median, ratios } from "../figure.ts";
import { interleave, type Pace } from "../interleave.ts";
import type { GrownOperation } from "./grown-operations.ts";
import type { GrownStore } from "./grown-store.ts";

export interface Growth {
  readonly operations: readonly GrownOperation[];
  readonly pace: Pace;
  /** For the largest, by the smallest. */
  readonly bar: Bar;
  progress(line: string): void;
}

export async function compareSizes(
  stores: readonly GrownStore[],
  { operations, pace, bar, progress }: Growth,
): Promise<Figure[]> {
  const [least, ...others] = stores.map(({ size }) => size) as [number, ...number[]];
  const figures = [];
  for (const operation of operations) {
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
    for (const size of others) {
      figures.push(
        figureOf(ratios(ratesOf(least), ratesOf(size)), {
          what: `${operation.name} of ${shown(size)}`,
          against: shown(least),
          unit: "×",
          bar: size === others.at(-1) ? bar : undefined,
          orientation: { "small µs": microseconds(ratesOf(least)), "large µs": microseconds(ratesOf(size)) },
        }),
      );
    }
  }
  return figures;
}

export const shown = (size: number): string => size.toLocaleString("en").replaceAll(",", " ");

const microseconds = (rates: readonly number[]) => (1e6 / median(rates)).toPrecision(3);
