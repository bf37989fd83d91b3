/** Random choices that a seed repeats. */
export interface Dice {
  /** At least 0 and less than `bound`, whole. */
  below(bound: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
}

export function createDice(seed: number): Dice {
  let state = seed | 0;
  // Mulberry32.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[0] };
}
