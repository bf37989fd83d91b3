/**
 * Whose turn it is to ask for what several peers have. One after another, each asks only for what is still lacking then: rows that are on twenty peers come once.
 */

export interface Turn<T> {
  /** Queues for it; to be asked again until it is true. */
  take(one: T): boolean;
  has(one: T): boolean;
  /** Gives it on, or leaves the queue. */
  leave(one: T): void;
  /** Whether nobody wants it. */
  isFree(): boolean;
}

/** `onTurn` is called with whoever it is that has got it by another one's leaving. */
export function createTurn<T>(onTurn: (one: T) => void): Turn<T> {
  const queue = new Set<T>();
  const first = (): T | undefined => queue.values().next().value;

  return {
    take(one) {
      queue.add(one);
      return first() === one;
    },
    has: (one) => first() === one,
    leave(one) {
      const had = first() === one;
      queue.delete(one);
      const next = first();
      if (had && next !== undefined) onTurn(next);
    },
    isFree: () => queue.size === 0,
  };
}
