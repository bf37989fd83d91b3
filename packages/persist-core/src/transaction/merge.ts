import type { KeyRange, Row, ScanPage } from "../contract.ts";
import { compareKeys } from "../keys.ts";
import { isInKeyRange } from "../ranges.ts";

/** A page of the engine with what waits to be written: rows by key, `undefined` for what is to be deleted. */
export function mergePage(page: ScanPage, range: KeyRange, pending: ReadonlyMap<string, Row | undefined>): ScanPage {
  const sign = range.reverse ? -1 : 1;
  // Beyond the last row of a page that has another after it, the engine's rows are not known yet.
  const last = page.more ? page.rows.at(-1)?.key : undefined;
  const isInPage = (key: string) =>
    isInKeyRange(key, range) && (last === undefined || compareKeys(key, last) * sign <= 0);

  const rows = page.rows.filter((row) => !pending.has(row.key));
  for (const [key, row] of pending) if (row !== undefined && isInPage(key)) rows.push(row);
  rows.sort((a, b) => compareKeys(a.key, b.key) * sign);
  const shown = rows.slice(0, range.limit);
  return { rows: shown, more: page.more || rows.length > shown.length };
}

/** What is left of the range beyond the key, in its direction. */
export function beyond(range: KeyRange, key: string): KeyRange {
  const bound = { key, inclusive: false };
  return range.reverse ? { ...range, upper: bound } : { ...range, lower: bound };
}
