/** Time that stands still until it is moved, so that expiry is tested without waiting. */
export interface Clock {
  /** Milliseconds since the epoch; a function of its own, as `createStore` takes it. */
  readonly now: () => number;
  /** Goes on (or back) by so many milliseconds. */
  advance(ms: number): void;
}

export function createClock(start: number = Date.UTC(2030, 0, 1)): Clock {
  let time = start;
  return {
    now: () => time,
    advance(ms) {
      time += ms;
    },
  };
}
