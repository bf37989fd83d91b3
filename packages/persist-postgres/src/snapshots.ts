/**
 * What a reader has seen, as Postgres itself remembers it. A transaction takes its number when it begins to write, and others see what it wrote when it ends, in any order: so what a snapshot has
 * not seen is whatever was in flight then, however low its number, and all that is to begin. The numbers are those that are stored, `xact`: see `lineage` in the schema.
 */
import { lastXact, type Range, type Ranges, union, widen } from "./xact-ranges.ts";

/** The transactions that it does not see. The last range goes on for ever. */
export type Snapshot = Ranges;

/** Sees nothing. */
export const nothingSeen: Snapshot = [[1n, lastXact]];

/**
 * More gaps than that, of as many transactions in flight at once with others between them that have ended, would make cursors too long. Then some that have ended count as
 * unseen, and are told a little later.
 */
const mostGaps = 100;

/** Out of the text of a `pg_snapshot`: `xmin:xmax:xip,xip,…`. */
export function toSnapshot(text: string, shift: bigint): Snapshot {
  const [, end = "", inFlight = ""] = text.split(":");
  const gaps = inFlight === "" ? [] : inFlight.split(",").map((xact): Range => range(BigInt(xact) + shift));
  return union(gaps, [[BigInt(end) + shift, lastXact]]);
}

const range = (xact: bigint): Range => [xact, xact];

/** One that has a text of bounded length, and sees no more than the other. */
export function simplify(snapshot: Snapshot): Snapshot {
  return widen(snapshot, mostGaps + 1);
}

/** The first transaction that was not to be seen yet by anybody. */
export function endOf(snapshot: Snapshot): bigint {
  return (snapshot.at(-1) as Range)[0];
}

export function isSame(one: Snapshot, other: Snapshot): boolean {
  return one.length === other.length && one.every(([from, to], i) => from === other[i]?.[0] && to === other[i]?.[1]);
}

/** Its end, and back from there each gap by its distance and, where it is more than one transaction, its length: `1x9-2-5_3`. */
export function encodeSnapshot(snapshot: Snapshot): string {
  let next = endOf(snapshot);
  let text = encodeNumber(next);
  for (const [from, to] of snapshot.slice(0, -1).reverse()) {
    text += `-${encodeNumber(next - to)}${from === to ? "" : `_${encodeNumber(to - from)}`}`;
    next = from;
  }
  return text;
}

/** `undefined` for what {@link encodeSnapshot} has not made. */
export function decodeSnapshot(text: string): Snapshot | undefined {
  const [end = "", ...gaps] = text.split("-");
  let next = decodeNumber(end);
  if (next === undefined || next === 0n || gaps.length > mostGaps) return undefined;
  const ranges: Range[] = [[next, lastXact]];
  for (const gap of gaps) {
    const [, distance = "", length = "0"] = /^([^_]*)(?:_([^_]*))?$/.exec(gap) ?? [];
    const [back, more] = [decodeNumber(distance), decodeNumber(length)];
    // Closer than two would be one gap with the one before.
    if (back === undefined || back < 2n || more === undefined) return undefined;
    const to: bigint = next - back;
    next = to - more;
    if (next < 1n) return undefined;
    ranges.unshift([next, to]);
  }
  return encodeSnapshot(ranges) === text ? ranges : undefined;
}

/** Up to 64 bits: no number of JavaScript holds them. */
export function encodeNumber(number: bigint): string {
  return number.toString(36);
}

/** `undefined` for what {@link encodeNumber} has not made of a number from 0 to 2^63 - 1. */
export function decodeNumber(text: string): bigint | undefined {
  if (!/^(0|[1-9a-z][0-9a-z]{0,12})$/.test(text)) return undefined;
  let number = 0n;
  for (const digit of text) number = number * 36n + BigInt(Number.parseInt(digit, 36));
  return number <= lastXact ? number : undefined;
}
