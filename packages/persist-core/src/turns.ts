/**
 * Lets the event loop turn. Promises that are settled already are served before any timer or socket, so that a loop over an engine that answers at once would keep everybody
 * else waiting until it ends.
 */
export interface Turns {
  /** Whether others have had to wait for long enough. `now` by `performance.now()`. */
  isDue(now: number): boolean;
  /** Everybody else first. Who asks in one turn goes on in one turn, so that what belongs together still goes to the engine together. */
  take(): Promise<void>;
}

/** How long answers may follow each other without a pause, in milliseconds. */
const longest = 10;

type Later = (callback: () => void) => unknown;
const { setImmediate: later = (callback) => setTimeout(callback, 0) } = globalThis as { setImmediate?: Later };

export function createTurns(): Turns {
  let latest = performance.now();
  let next: Promise<void> | undefined;
  return {
    isDue: (now) => now - latest > longest,
    take() {
      next ??= new Promise((resolve) => {
        later(() => {
          latest = performance.now();
          next = undefined;
          resolve();
        });
      });
      return next;
    },
  };
}
