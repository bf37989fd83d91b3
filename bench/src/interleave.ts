/**
 * Timing contenders against each other on a machine that does other things as well: they take turns, a short sample each, round after round, so that whatever slows the
 * machine down slows all of them down. Only the ratios within a round mean something; their median is the result.
 */
import type { Work } from "./operation.ts";

export interface Racer {
  readonly name: string;
  prepare(units: number): Work;
  settle(): Promise<unknown>;
}

export interface Pace {
  readonly rounds: number;
  /** Length of a sample in milliseconds, about. */
  readonly sample: number;
  /** How long each is run before it counts, in milliseconds, so that its code is compiled and its caches are filled. */
  readonly warmUp: number;
}

/** Counts per second by contender, one per round. */
export type Rates = ReadonlyMap<string, readonly number[]>;

export async function interleave(racers: readonly Racer[], pace: Pace): Promise<Rates> {
  const lanes = [];
  for (const racer of racers) lanes.push({ racer, units: await warmUp(racer, pace), rates: [] as number[] });
  for (let round = 0; round < pace.rounds; round++) {
    for (let i = 0; i < lanes.length; i++) {
      // Each round starts with another one, so that none always comes after the same neighbour.
      const { racer, units, rates } = lanes[(round + i) % lanes.length] as (typeof lanes)[number];
      rates.push((await takeSample(racer, units)).rate);
    }
  }
  return new Map(lanes.map(({ racer, rates }) => [racer.name, rates]));
}

/** Answers how many units fill a sample. */
async function warmUp(racer: Racer, { warmUp, sample }: Pace): Promise<number> {
  let units = 1;
  for (let total = 0; total < warmUp; ) {
    const { milliseconds } = await takeSample(racer, units);
    total += milliseconds;
    const fitting = Math.ceil((units * sample) / Math.max(milliseconds, 0.01));
    // The first calls are slow: grow step by step.
    units = Math.max(1, Math.min(fitting, units * 4));
  }
  return units;
}

async function takeSample(racer: Racer, units: number): Promise<{ milliseconds: number; rate: number }> {
  const work = racer.prepare(units);
  await racer.settle();
  // What others left behind is not collected in this one's time. (main.ts starts this process with --expose-gc.)
  globalThis.gc?.({ type: "minor" });
  const start = performance.now();
  await work.perform();
  const milliseconds = performance.now() - start;
  await work.verify();
  return { milliseconds, rate: (work.count * 1000) / milliseconds };
}
