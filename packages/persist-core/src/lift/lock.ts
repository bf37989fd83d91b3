/**
 * Readers together, or one writer alone, in the order of their coming. A commit takes several calls of the adapter; who reads meanwhile would see half of it.
 */
import { ensureWanted, type Patience, waitFor } from "./patience.ts";

export interface Lock {
  shared<T>(work: () => Promise<T>, patience: Patience): Promise<T>;
  exclusive<T>(work: () => Promise<T>, patience: Patience): Promise<T>;
}

interface Waiter {
  readonly exclusive: boolean;
  readonly enter: () => void;
}

export function createLock(): Lock {
  let readers = 0;
  let writing = false;
  const waiting: Waiter[] = [];

  const isFree = (exclusive: boolean) => !writing && (!exclusive || readers === 0);

  const enter = (exclusive: boolean) => {
    if (exclusive) writing = true;
    else readers++;
  };

  const leave = (exclusive: boolean) => {
    if (exclusive) writing = false;
    else readers--;
    admit();
  };

  const admit = () => {
    for (let next = waiting[0]; next !== undefined && isFree(next.exclusive); next = waiting[0]) {
      waiting.shift();
      enter(next.exclusive);
      next.enter();
    }
  };

  const wait = async (exclusive: boolean, patience: Patience) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { exclusive, enter: resolve };
    waiting.push(waiter);
    try {
      await waitFor(promise, patience);
    } catch (error) {
      const place = waiting.indexOf(waiter);
      if (place === -1)
        leave(exclusive); // admitted in the same moment
      else {
        waiting.splice(place, 1);
        admit();
      }
      throw error;
    }
  };

  const run = async <T>(exclusive: boolean, work: () => Promise<T>, patience: Patience): Promise<T> => {
    ensureWanted(patience);
    if (waiting.length === 0 && isFree(exclusive)) enter(exclusive);
    else await wait(exclusive, patience);
    try {
      return await work();
    } finally {
      leave(exclusive);
    }
  };

  return {
    shared: (work, patience) => run(false, work, patience),
    exclusive: (work, patience) => run(true, work, patience),
  };
}
