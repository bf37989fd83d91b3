/**
 * Makes one request of many: whoever asks gets what was found by a request that began after the question, and all who ask while one is under way share the next.
 */
import type { Patience } from "./bucket.ts";

export function createCoalescer<T>(request: (o: Patience) => Promise<T>): (o: Patience) => Promise<T> {
  let running: Promise<unknown> | undefined;
  let next: { readonly promise: Promise<T>; deadline: number } | undefined;

  return (o) => {
    if (next !== undefined) {
      next.deadline = Math.max(next.deadline, o.deadline);
      return next.promise;
    }
    const mine = { deadline: o.deadline } as { promise: Promise<T>; deadline: number };
    const before = running ?? Promise.resolve();
    mine.promise = before.then(() => {
      next = undefined;
      // Without the signal of any of them: the others still want it.
      const answer = request({ deadline: mine.deadline });
      const settled = answer
        .catch(() => undefined)
        .finally(() => {
          if (running === settled) running = undefined;
        });
      running = settled;
      return answer;
    });
    next = mine;
    return mine.promise;
  };
}
