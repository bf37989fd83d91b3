/**
 * Range-based set reconciliation: two sets of ids with marks are compared by counts and sums under prefixes of the ids, which are followed only where they differ.
 * One side leads and keeps the agenda; the other answers each question from what it has, and remembers nothing.
 */
import { isFingerprints, type Range } from "./messages.ts";
import type { Fingerprint, Marked, Replica } from "./replica.ts";

export type Compared = Pick<Replica, "fingerprints" | "marks">;

export interface Prefix {
  readonly prefix: Uint8Array;
  readonly nibbles: number;
}

/** So many rows under a prefix are listed, where more are divided. A list of so many costs what the fingerprints of sixteen parts do. */
export const listed = 6;
export const root: Prefix = { prefix: new Uint8Array(16), nibbles: 0 };

export function childOf({ prefix, nibbles }: Prefix, child: number): Prefix {
  const longer = new Uint8Array(16);
  longer.set(prefix.subarray(0, Math.ceil(nibbles / 2)));
  const at = nibbles >> 1;
  longer[at] = nibbles % 2 === 0 ? child << 4 : ((longer[at] as number) & 0xf0) | child;
  return { prefix: longer, nibbles: nibbles + 1 };
}

const isSame = (a: Fingerprint, b: Fingerprint): boolean => a.count === b.count && Buffer.compare(a.sum, b.sum) === 0;

/** What there is under a prefix, as it is told to the other side: a list where that is short. */
function described(set: Compared, of: Prefix, count: number): Range {
  const isListed = count <= listed || of.nibbles > 30;
  return { ...of, has: isListed ? set.marks(of.prefix, of.nibbles, 256) : set.fingerprints(of.prefix, of.nibbles) };
}

/** The same for the same prefix, whatever follows it. */
export const prefixName = ({ prefix, nibbles }: Prefix): string => hexOf(padded(prefix)).slice(0, nibbles);

interface Finding {
  /** What the other side has, and this one not or otherwise. */
  readonly lacked: readonly Marked[];
  /** What the other side has otherwise. */
  readonly otherwise: readonly Marked[];
  /** What the other side does not have. */
  readonly alone: readonly Marked[];
}

/** Two complete lists of the same prefix, ascending by id. */
function difference(mine: readonly Marked[], theirs: readonly Marked[]): Finding {
  const key = ({ id, mark }: Marked): string => `${hexOf(id)}${hexOf(mark)}`;
  const here = new Set(mine.map(key));
  const there = new Set(theirs.map(key));
  const ids = new Set(theirs.map(({ id }) => hexOf(id)));
  const had = mine.filter((one) => !there.has(key(one)));
  return {
    lacked: theirs.filter((one) => !here.has(key(one))),
    otherwise: had.filter(({ id }) => ids.has(hexOf(id))),
    alone: had.filter(({ id }) => !ids.has(hexOf(id))),
  };
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");

/** The prefixes under which the other side has something else, with how many rows are there on both sides. */
export function differing(
  set: Compared,
  { prefix, nibbles, has }: Range,
): { child: Prefix; mine: number; theirs: number }[] {
  if (!isFingerprints(has)) return [];
  const full = { prefix: padded(prefix), nibbles };
  return set.fingerprints(full.prefix, nibbles).flatMap((mine, i) => {
    const theirs = has[i] as Fingerprint;
    return isSame(mine, theirs) ? [] : [{ child: childOf(full, i), mine: mine.count, theirs: theirs.count }];
  });
}

export function padded(prefix: Uint8Array): Uint8Array {
  const full = new Uint8Array(16);
  full.set(prefix.subarray(0, 16));
  return full;
}

/** Answers questions: parts that differ are told one level deeper, and lists with what the other side lacks. */
export function answer(
  set: Compared,
  questions: readonly Range[],
): { ranges: Range[]; lacked: Marked[]; otherwise: Marked[]; alone: Marked[] } {
  const ranges: Range[] = [];
  const lacked: Marked[] = [];
  const otherwise: Marked[] = [];
  const alone: Marked[] = [];
  for (const question of questions) {
    if (isFingerprints(question.has)) {
      for (const { child, mine } of differing(set, question)) ranges.push(described(set, child, mine));
    } else {
      const found = difference(
        set.marks(padded(question.prefix), question.nibbles, 256),
        question.has as readonly Marked[],
      );
      lacked.push(...found.lacked);
      otherwise.push(...found.otherwise);
      alone.push(...found.alone);
    }
  }
  return { ranges, lacked, otherwise, alone };
}
