/**
 * Increments: what each writer has added to a number. Of two cells of one writer the one that counted further holds the other, and cells of different writers
 * are summed, so that nothing is lost or counted twice.
 */
import { Buffer } from "node:buffer";
import { decode, encode } from "@cuitty/persist-core";
import type { Join } from "./join.ts";

export interface Cell {
  /** 16 bytes. */
  readonly writer: Uint8Array;
  /** How often it has added. */
  readonly count: number;
  /** What it has added in all. */
  readonly sum: number;
  /** Base and additions in the order in which it made them: the result where this is the only cell. Floating-point numbers depend on that order. */
  readonly running: number;
}

export interface Increment {
  /** 16 bytes. */
  readonly writer: Uint8Array;
  /** A finite number. */
  readonly by: number;
}

/** Each process that adds leaves a cell. Past this number the next one begins anew, with the sum as its base. */
export const maxCells = 1024;

/**
 * The cells with one more addition, ascending by writer. `base` is the text that they are added to, `undefined` where there was none, which counts as 0.
 * `"rebase"`: there are too many cells; the sum is to be written as a new base. `undefined`: the base is not a number, and nothing can be added.
 */
export function addToCells(
  base: string | undefined,
  cells: readonly Cell[],
  { writer, by }: Increment,
): readonly Cell[] | "rebase" | undefined {
  const start = numberOf(base);
  if (start === undefined) return undefined;
  const at = cells.findIndex((cell) => Buffer.compare(cell.writer, writer) >= 0);
  const place = at === -1 ? cells.length : at;
  const present = cells[place];
  const own = present !== undefined && Buffer.compare(present.writer, writer) === 0 ? present : undefined;
  if (own === undefined && cells.length >= maxCells) return "rebase";
  const { count, sum, running } = own ?? { count: 0, sum: 0, running: start };
  const next: Cell = { writer, count: count + 1, sum: sum + by, running: running + by };
  return cells.toSpliced(place, own === undefined ? 0 : 1, next);
}

/** The encoded result; `undefined` where the base is not a number. There is at least one cell. */
export function valueOfCells(base: string | undefined, cells: readonly Cell[]): string | undefined {
  const start = numberOf(base);
  if (start === undefined) return undefined;
  const [only] = cells;
  if (cells.length === 1 && only !== undefined) return encode(only.running);
  return encode(cells.reduce((total, { sum }) => total + sum, start));
}

/** Of each writer the cell that counted further. */
export function mergeCells(a: readonly Cell[], b: readonly Cell[]): Join<readonly Cell[]> {
  const merged: Cell[] = [];
  let fromA = 0;
  let fromB = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const x = a[i];
    const y = b[j];
    const order = x === undefined ? 1 : y === undefined ? -1 : Buffer.compare(x.writer, y.writer);
    const further = order === 0 ? (x as Cell).count - (y as Cell).count : -order;
    if (further > 0) fromA++;
    if (further < 0) fromB++;
    merged.push((further >= 0 ? x : y) as Cell);
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  if (fromA > 0 && fromB > 0) return { relation: "merged", is: merged };
  return fromB > 0 ? { relation: "second", is: b } : { relation: fromA > 0 ? "first" : "equal", is: a };
}

/** An absent base counts as 0, as it does for every backend. */
function numberOf(base: string | undefined): number | undefined {
  const value = base === undefined ? 0 : decode(base);
  return typeof value === "number" ? value : undefined;
}
