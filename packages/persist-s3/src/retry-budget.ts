/**
 * How many requests may be sent again. A server that refuses because it is overloaded must not hear twice as much for it: for each answer one request may be repeated, and
 * some more in the beginning. Where nothing is answered at all, a few each second look whether it is over.
 */
export interface RetryBudget {
  /** The server has answered. */
  answered(): void;
  /** Whether a request may be sent again now. */
  spend(): boolean;
}

const perSecond = 10;

export function createRetryBudget(most: number, now: () => number = () => performance.now()): RetryBudget {
  let left = most;
  let seen = now();
  return {
    answered() {
      if (left < most) left += 1;
    },
    spend() {
      const time = now();
      left = Math.min(most, left + ((time - seen) / 1000) * perSecond);
      seen = time;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
