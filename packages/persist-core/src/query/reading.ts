/** What one run of a query reads with, and what that costs. */
import type { MaybePromise, Row, ScanPage, ScanRange } from "../contract.ts";
import { isInKeyRange } from "../ranges.ts";
import { scannedTooMuch } from "./advice.ts";
import type { ParsedQuery } from "./query.ts";

export interface Hit {
  readonly row: Row;
  readonly document: unknown;
}

/** What was found by one request. */
export interface Found {
  readonly hits: readonly Hit[];
  /** Whether more may follow. */
  readonly more: boolean;
}

/** Finds hits in the order of the query, beyond a place of it. */
export type Finding = AsyncGenerator<Found, void, undefined>;

export interface Reading {
  readonly query: ParsedQuery;
  /** The most hits that will be asked for. */
  readonly total: number;
  /** How many are wanted at the moment. */
  wanted: number;
  /** The name of the index that it goes by, for messages. */
  index: string | undefined;
  entriesRead: number;
  /** How many entries {@link scanAtMost} may still read. */
  left: number;
  requests: number;
  scan(range: ScanRange): Promise<ScanPage>;
  /** Throws TOO_LARGE instead of reading more than `maxScan` entries in all of these calls. */
  scanAtMost(range: ScanRange): Promise<ScanPage>;
  documentOf(row: Row): unknown;
  /** Whether the row is a hit, given its document. */
  matches(row: Row, document: unknown): boolean;
}

export interface ReadingParts {
  readonly query: ParsedQuery;
  /** For messages. */
  readonly collection: string | undefined;
  readonly total: number;
  scan(range: ScanRange): MaybePromise<ScanPage>;
  documentOf(row: Row): unknown;
}

export function createReading({ query, collection, total, scan, documentOf }: ReadingParts): Reading {
  const { where, maxScan } = query;
  const keys = query.range.page(undefined, 1, false);

  const reading: Reading = {
    query,
    total,
    wanted: 1,
    index: undefined,
    entriesRead: 0,
    left: maxScan,
    requests: 0,
    documentOf,
    async scan(range) {
      reading.requests++;
      const page = await scan(range);
      reading.entriesRead += page.rows.length;
      return page;
    },
    async scanAtMost(range) {
      if (reading.left === 0) {
        const { rows } = await reading.scan({ ...range, limit: 1, keysOnly: true });
        if (rows.length > 0) throw scannedTooMuch(query, { collection, index: reading.index });
        return { rows, more: false };
      }
      const page = await reading.scan({ ...range, limit: Math.min(range.limit, reading.left) });
      reading.left -= page.rows.length;
      return page;
    },
    matches: (row, document) => isInKeyRange(row.key, keys) && (where === undefined || where.matches(document)),
  };
  return reading;
}

/** Those of the rows that are hits. */
export function hitsOf(reading: Reading, rows: readonly Row[]): Hit[] {
  const hits: Hit[] = [];
  for (const row of rows) {
    const document = reading.documentOf(row);
    if (reading.matches(row, document)) hits.push({ row, document });
  }
  return hits;
}
