/** Counts, and sums modulo 2^64, of what is in numbered buckets, and of all buckets whose number begins with the same hexadecimal digits. */
export interface PrefixSums {
  add(bucket: number, count: number, sum: bigint): void;
  /** What is in the bucket from now on. */
  set(bucket: number, count: number, sum: bigint): void;
  /** Of all buckets whose number begins with these digits, as many as `digits`. */
  of(prefix: number, digits: number): { readonly count: number; readonly sum: bigint };
  clear(): void;
}

/** `digits`: of a bucket's number. */
export function createPrefixSums(digits: number): PrefixSums {
  /** By the number of digits. */
  const levels = Array.from({ length: digits + 1 }, (_, length) => ({
    counts: new Uint32Array(16 ** length),
    sums: new BigUint64Array(16 ** length),
  }));

  const of: PrefixSums["of"] = (prefix, length) => {
    const { counts, sums } = levels[length] as (typeof levels)[number];
    return { count: counts[prefix] as number, sum: sums[prefix] as bigint };
  };

  const add: PrefixSums["add"] = (bucket, count, sum) => {
    for (const [length, { counts, sums }] of levels.entries()) {
      const prefix = bucket >> (4 * (digits - length));
      counts[prefix] = (counts[prefix] as number) + count;
      sums[prefix] = (sums[prefix] as bigint) + sum; // modulo 2^64, as the array keeps it
    }
  };

  return {
    add,
    set(bucket, count, sum) {
      const before = of(bucket, digits);
      add(bucket, count - before.count, sum - before.sum);
    },
    of,
    clear() {
      for (const { counts, sums } of levels) {
        counts.fill(0);
        sums.fill(0n);
      }
    },
  };
}
