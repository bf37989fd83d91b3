/** When a writer is killed. */
import type { Random } from "./random.ts";

/** Milliseconds since its work began, or since this acknowledgement: whichever comes first. */
export interface WorkMoment {
  readonly latest: number;
  readonly acknowledgement: number;
  readonly delay: number;
}

const latestEver = 400;
const mostAcknowledgements = 1000;

/** From right after the first acknowledgement to far in. */
export function chooseWorkMoment(random: Random): WorkMoment {
  return {
    latest: 20 + random.below(latestEver - 20),
    acknowledgement: random.magnitude(mostAcknowledgements),
    // Right at an acknowledgement a store is at another place than between two.
    delay: random.chance(0.3) ? 0 : random.below(10),
  };
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
