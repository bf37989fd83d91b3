/**
 * When an engine sweeps: in small steps, begun by other activity and never by the clock alone, so that an idle store does nothing. Nothing depends on a sweep: one that fails is
 * given up, and the next one comes.
 */
import type { MaybePromise } from "./contract.ts";

/** Between two sweeps, and between the steps of one, in milliseconds. */
const interval = 60_000;
const breather = 20;

export interface Sweeper {
  /** Starts a sweep soon, unless there was one within the last minute. `now` is the time by which rows are expired. */
  nudge(now: number): void;
  /** Starts a sweep soon: there is something to take away. */
  hurry(): void;
  /** No step is begun any more. */
  close(): void;
}

/** `step` is one bounded step; after one that answers `more`, the next one follows. */
export function createSweeper(step: (now: number) => MaybePromise<{ readonly more: boolean }>): Sweeper {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let now = 0;
  let closed = false;

  function schedule(delay: number): void {
    timer = setTimeout(() => void run(), delay);
    if (typeof timer === "object") (timer as { unref(): void }).unref(); // timers are numbers in browsers
  }

  async function run(): Promise<void> {
    let more = false;
    try {
      ({ more } = await step(now));
    } catch {
      // Busy, out of reach, closed, or a full disk.
    }
    timer = undefined;
    if (more && !closed) schedule(breather);
  }

  function hurry(): void {
    last = performance.now();
    if (timer === undefined && !closed) schedule(0);
  }

  return {
    hurry,

    nudge(at) {
      now = at;
      if (performance.now() - last >= interval) hurry();
    },

    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
