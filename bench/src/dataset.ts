/** Keys and values: the same in every run, in random order, and of everyday size. */
import type { Value } from "./contender.ts";

/** Numbers from 0 to 1, always the same sequence for the same seed (mulberry32). */
export type Random = () => number;

export function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** The key of entry `n` in a group of entries: scattered, so that neighbours by number are not neighbours in the store. */
export function keyFor(group: string, n: number): string {
  return `${group}${scatter(n).toString(16).padStart(8, "0")}`;
}

/** Multiplied with this, the 32-bit numbers change places: it is odd, so no two of them meet. */
export const scattering = 0x9e3779b1;

/** A number below 2 ** 32, another one for each `n`. */
export function scatter(n: number): number {
  return Math.imul(n + 1, scattering) >>> 0;
}

/** About 200 bytes of JSON, different for each `n` and `revision`. */
export function valueFor(n: number, revision: number): Value {
  return {
    id: n,
    name: `Customer number ${n}`,
    email: `customer-${n}@example.com`,
    active: n % 3 !== 0,
    balance: n / 8,
    tags: ["retail", n % 2 === 0 ? "north" : "south"],
    address: { street: `${n % 200} Harbour Road`, city: "Port Louis", zip: "11328" },
    revision,
  };
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
