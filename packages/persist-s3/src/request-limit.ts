/** No more requests at once than there are connections, so that none grows old while it waits for one. A body that is being read counts as a request. */
import type { Patience } from "./bucket.ts";
import { Cut } from "./errors.ts";
import { timerFor } from "./timers.ts";

export interface RequestLimit {
  /** What gives the place back; once is enough. `undefined` where none is free. */
  take(): (() => void) | undefined;
  /** Throws Cut where none becomes free in time. */
  wait(o: Patience): Promise<() => void>;
  /** No more requests. */
  close(): void;
  isClosed(): boolean;
}

export function createRequestLimit(most: number): RequestLimit {
  let free = most;
  let isClosed = false;
  const waiting = new Set<(release: () => void) => void>();

  function hand(): () => void {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const [next] = waiting;
      if (next === undefined) free += 1;
      else next(hand());
    };
  }

  return {
    close() {
      isClosed = true;
    },
    isClosed: () => isClosed,
    take() {
      if (free === 0) return undefined;
      free -= 1;
      return hand();
    },
    wait: (o) =>
      new Promise((resolve, reject) => {
        const end = (): void => {
          waiting.delete(begin);
          clearTimeout(timer);
          o.signal?.removeEventListener("abort", onAbort);
        };
        const begin = (release: () => void): void => {
          end();
          resolve(release);
        };
        const giveUp = (why: Cut["why"]): void => {
          end();
          reject(new Cut(why));
        };
        const onAbort = (): void => giveUp("aborted");
        const timer = setTimeout(giveUp, timerFor(o), "deadline");
        o.signal?.addEventListener("abort", onAbort, { once: true });
        waiting.add(begin);
      }),
  };
}
