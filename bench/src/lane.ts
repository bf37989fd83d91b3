/** A contender in a race: what it holds, written down beside it, so that a fast wrong answer is found out. */
import { deepStrictEqual } from "node:assert";
import { inCrowds } from "./call-styles.ts";
import type { Contender, ContenderKind, Durability, Entry, Value } from "./contender.ts";
import { createRandom, keyFor, type Random, shuffled, valueFor } from "./dataset.ts";

export interface Lane {
  readonly kind: ContenderKind;
  readonly contender: Contender;
  readonly random: Random;
  /** The keys that are there throughout, in random order. */
  readonly keys: readonly string[];
  /** Those of the first group: what an application works with at the moment. */
  readonly hotKeys: readonly string[];
  /** What was acknowledged last, by key. */
  readonly book: Map<string, Value>;
  /** A value that was never written before. */
  freshValue(): Value;
  /** A key that was never written before. */
  freshKey(): string;
}

/** Entries are in groups of this many, whose keys share a prefix. */
export const groupSize = 1000;
const groups = 10;

export const groupPrefixes: readonly string[] = Array.from({ length: groups }, (_, i) => prefixOf(i));

function prefixOf(group: number): string {
  return `group${group}:`;
}

/** Opens the contender in an empty place and fills it with ten groups of entries. */
export async function openLane(kind: ContenderKind, place: string, durability: Durability): Promise<Lane> {
  const contender = await kind.open(place, durability);
  const book = new Map<string, Value>();
  for (const prefix of groupPrefixes) {
    for (let n = 0; n < groupSize; n++) book.set(keyFor(prefix, n), valueFor(n, 0));
  }
  await Promise.all(Array.from(book, ([key, value]) => contender.set(key, value)));
  const random = createRandom(1);
  let values = 0;
  let keys = 0;
  return {
    kind,
    contender,
    random,
    keys: shuffled([...book.keys()], random),
    hotKeys: shuffled(
      Array.from({ length: groupSize }, (_, n) => keyFor(prefixOf(0), n)),
      random,
    ),
    book,
    freshValue: () => valueFor(groupSize + ++values, values),
    freshKey: () => keyFor("fresh:", ++keys),
  };
}

/** A random run of the keys, round and round. Calls at once for one key may overtake each other, so in 1 000 keys in a row none comes twice. */
export function pickKeys(keys: readonly string[], count: number, random: Random): string[] {
  const start = Math.floor(random() * keys.length);
  return Array.from({ length: count }, (_, i) => keys[(start + i) % keys.length] as string);
}

/** Throws unless the contender has what the book says, key by key and group by group. */
export async function checkContents({ contender, book }: Pick<Lane, "contender" | "book">): Promise<void> {
  const answers = await inCrowds([...book.keys()], (key) => contender.get(key));
  deepStrictEqual(answers, [...book.values()]);
  for (const prefix of groupPrefixes) {
    const entries = await contender.list?.(prefix);
    if (entries !== undefined) checkGroup(entries, prefix, book);
  }
}

export function checkGroup(entries: readonly Entry[], prefix: string, book: ReadonlyMap<string, Value>): void {
  const listed = new Map(entries.map(({ key, value }) => [key, value]));
  const expected = Array.from(book).filter(([key]) => key.startsWith(prefix));
  deepStrictEqual(listed.size, entries.length);
  deepStrictEqual(listed, new Map(expected));
}
