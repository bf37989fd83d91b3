/** What a suite finds out. */

export interface Figure {
  /** Such as `set, serial (full durability)`. */
  readonly what: string;
  /** What it is compared with, such as `better-sqlite3`. */
  readonly against: string;
  /** Of the ratio, or of the quantity where nothing is compared. */
  readonly unit: "×" | "MB" | "ms" | "B" | "requests" | "round trips";
  /** Left out where the figure is for orientation only. */
  readonly bar?: Bar | undefined;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Of the median. */
  readonly met: boolean;
  /** Absolute values, which hold for one machine at one moment: text by name. */
  readonly orientation: Readonly<Record<string, string>>;
}

export type Bar = { readonly atLeast: number } | { readonly atMost: number };

/** The figure of these values: one per round, or a single one. */
export function figureOf(
  values: readonly number[],
  facts: Pick<Figure, "what" | "against" | "unit" | "bar" | "orientation">,
): Figure {
  const middle = median(values);
  return {
    ...facts,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    met: meets(middle, facts.bar),
  };
}

function meets(value: number, bar: Bar | undefined): boolean {
  if (bar === undefined) return true;
  return "atLeast" in bar ? value >= bar.atLeast : value <= bar.atMost;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Of the values of one round each: `ours` by `theirs`. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, round) => value / (theirs[round] as number));
}
