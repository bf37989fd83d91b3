/** Taking away what is of no use any more. Whatever is in the way, sweeps find it a day later. */
import type { Patience } from "./bucket.ts";

/** Milliseconds. */
const within = 5000;

export const briefly = (): Patience => ({ deadline: performance.now() + within });

export async function takeAway(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined);
}
