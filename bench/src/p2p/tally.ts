/** Counts what arrives, for those who wait for a number. */
export interface Tally {
  add(count: number): void;
  reached(count: number): Promise<void>;
}

export function createTally(): Tally {
  let total = 0;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  return {
    add(count) {
      total += count;
      for (const { resolve } of waiting.filter((waiter) => waiter.count <= total)) resolve();
      waiting = waiting.filter((waiter) => waiter.count > total);
    },
    reached(count) {
      return count <= total ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve }));
    },
  };
}
