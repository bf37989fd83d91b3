import type { Contender } from "./contender.ts";
import type { Lane } from "./lane.ts";

/** Something that libraries have in common, and that is timed. */
export interface Operation {
  readonly name: string;
  /** Costs depend on durability. */
  readonly writes: boolean;
  /** Whether the library has it. */
  offeredBy(contender: Contender): boolean;
  /** Chooses keys and values for so many units (calls, or batches of them), so that only the calls themselves are timed. */
  prepare(lane: Lane, units: number): Work;
}

export interface Work {
  /** What rates count: the calls, or the entries listed. */
  readonly count: number;
  /** The timed part. */
  perform(): Promise<void>;
  /** Throws where an answer was wrong or a write is not there, and puts back what the next round needs. */
  verify(): Promise<void>;
}

export const always = (): boolean => true;
