/** What peers hold: small records, the same in every run. */
import { createHash } from "node:crypto";

export interface BenchRecord {
  readonly title: string;
  readonly n: number;
}

/** Records with the numbers from `first`, as many as `count`; each revision of one has another title. */
export interface Batch {
  readonly first: number;
  readonly count: number;
  readonly revision: number;
}

export function recordsOf({ first, count, revision }: Batch): BenchRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    title: `Record ${first + i}, revision ${revision}`,
    n: first + i,
  }));
}

export const keyPrefix = "record-";

export function keyOf(n: number): string {
  return `${keyPrefix}${n}`;
}

/** Of records in any order, each number once: SHA-256, in hex. */
export function digestOf(records: Iterable<BenchRecord>): string {
  const hash = createHash("sha256");
  for (const { n, title } of [...records].sort((a, b) => a.n - b.n)) hash.update(`${n}\t${title}\n`);
  return hash.digest("hex");
}

/** What is there after these batches, written one after the other. */
export function digestAfter(batches: readonly Batch[]): string {
  return digestOf(new Map(batches.flatMap(recordsOf).map((record) => [record.n, record])).values());
}
