/** When a writer is killed. */
import type { Random } from "./random.ts";

/** So many milliseconds after an acknowledgement. */
export interface WorkMoment {
  /** The number of the acknowledgement, from 1. */
  readonly acknowledgement: number;
  readonly delay: number;
  /** Milliseconds since the first acknowledgement: not later than this. */
  readonly latest: number;
}

/** From right after the first acknowledgement to far in; and from right at an acknowledgement, when a commit has just ended, to anywhere in the next ones. */
export function chooseWorkMoment(random: Random): WorkMoment {
  return { acknowledgement: random.magnitude(400), delay: random.magnitude(100) - 1, latest: 1000 };
}

export interface OpeningTimes {
  /** Somewhere between the beginning and a little after the end of opening, in milliseconds. */
  choose(random: Random): number;
  /** How long it took this time. */
  learn(milliseconds: number): void;
}

export function createOpeningTimes(): OpeningTimes {
  let usual = 30;
  return {
    choose: (random) => random.below(Math.ceil(usual * 1.2)),
    learn(milliseconds) {
      usual += (milliseconds - usual) * 0.1;
    },
  };
}
