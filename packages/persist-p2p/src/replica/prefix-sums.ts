/** Counts, and sums modulo 2^64, of what is in numbered buckets, and of all buckets whose number begins with the same hexadecimal digits. */
export interface PrefixSums {
  add(bucket: number, count: number, sum: Sum): void;
  /** What is in the bucket from now on. */
  set(bucket: number, count: number, sum: Sum): void;
  /** Of all buckets whose number begins with these digits, as many as `digits`. */
  of(prefix: number, digits: number): Summed;
  clear(): void;
}

/** Two unsigned numbers of 32 bits: as one of 64 it would be made anew for each addition, which takes ten times as long. */
export interface Sum {
  readonly high: number;
  readonly low: number;
}

export interface Summed extends Sum {
  readonly count: number;
}

const radix = 2 ** 32;
export const noSum: Sum = { high: 0, low: 0 };

export function plus(a: Sum, b: Sum): Sum {
  const low = a.low + b.low;
  return { high: (a.high + b.high + (low >= radix ? 1 : 0)) % radix, low: low % radix };
}

function minus(a: Sum, b: Sum): Sum {
  const low = a.low - b.low;
  return { high: (a.high - b.high - (low < 0 ? 1 : 0) + 2 * radix) % radix, low: (low + radix) % radix };
}

/** `digits`: of a bucket's number. */
export function createPrefixSums(digits: number): PrefixSums {
  /** By the number of digits. */
  const levels = Array.from({ length: digits + 1 }, (_, length) => ({
    counts: new Uint32Array(16 ** length),
    highs: new Uint32Array(16 ** length),
    lows: new Uint32Array(16 ** length),
  }));

  const of: PrefixSums["of"] = (prefix, length) => {
    const { counts, highs, lows } = levels[length] as (typeof levels)[number];
    return { count: counts[prefix] as number, high: highs[prefix] as number, low: lows[prefix] as number };
  };

  const add: PrefixSums["add"] = (bucket, count, { high, low }) => {
    for (let length = 0; length <= digits; length++) {
      const { counts, highs, lows } = levels[length] as (typeof levels)[number];
      const prefix = bucket >> (4 * (digits - length));
      const sum = (lows[prefix] as number) + low;
      counts[prefix] = (counts[prefix] as number) + count;
      // The arrays keep what is left of 2^32.
      highs[prefix] = (highs[prefix] as number) + high + (sum >= radix ? 1 : 0);
      lows[prefix] = sum;
    }
  };

  return {
    add,
    set(bucket, count, sum) {
      const before = of(bucket, digits);
      add(bucket, count - before.count, minus(sum, before));
    },
    of,
    clear() {
      for (const { counts, highs, lows } of levels) {
        counts.fill(0);
        highs.fill(0);
        lows.fill(0);
      }
    },
  };
}
