import type { Patience } from "./bucket.ts";

/** Milliseconds until the deadline, as many as timers take. */
export const timerFor = ({ deadline }: Patience, within: number = Number.POSITIVE_INFINITY): number =>
  Math.max(0, Math.min(deadline - performance.now(), within, 2 ** 31 - 1));
