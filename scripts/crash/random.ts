/** Random choices that a seed repeats exactly: the same seed, the same choices, in every process. */
export interface Random {
  /** At least 0 and less than `bound`, whole. */
  below(bound: number): number;
  /** At least 1 and at most `most`; each order of magnitude is as likely as any other. */
  magnitude(most: number): number;
  /** True in this share of all cases. */
  chance(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** `count` different ones, in random order. */
  sample<T>(items: readonly T[], count: number): T[];
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

export function createRandom(seed: string): Random {
  const next = sfc32(seed);
  const fraction = () => next() / 2 ** 32;
  const below = (bound: number) => Math.floor(fraction() * bound);

  return {
    below,
    magnitude: (most) => Math.floor((most + 1) ** fraction()),
    chance: (share) => fraction() < share,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    sample(items, count) {
      const rest = [...items];
      return Array.from({ length: count }, () => rest.splice(below(rest.length), 1)).flat();
    },
    bytes(length) {
      const words = new Uint32Array(Math.ceil(length / 4));
      for (let i = 0; i < words.length; i++) words[i] = next();
      return new Uint8Array(words.buffer, 0, length);
    },
  };
}

/** Chris Doty-Humphrey's small fast counting generator: 32 random bits at each call. */
function sfc32(seed: string): () => number {
  let [a, b, c, count] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  const next = () => {
    const sum = (a + b + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < seed.length; i++) {
    a ^= Math.imul(seed.charCodeAt(i) + 1, 0x85ebca6b);
    next();
  }
  for (let i = 0; i < 12; i++) next();
  return next;
}
