/**
 * Pages of names in order, out of listings. Names that are cut stand among those that share their head in any order, and have to be read to be known: so names of one head are taken together.
 */
import { compareKeys } from "@cuitty/persist-core";
import type { Bucket, ListedObject, Patience } from "./bucket.ts";
import { nameIn } from "./layout.ts";
import { headOf, isCut } from "./names.ts";

export interface ListedArea {
  readonly prefix: string;
  /** The longest name, in bytes. Left out where none is ever cut. */
  readonly longest?: number | undefined;
}

export interface NameBound {
  readonly name: string;
  readonly inclusive: boolean;
}

export interface NameRange {
  readonly lower?: NameBound | undefined;
  readonly upper?: NameBound | undefined;
  /** That all names in the range begin with. */
  readonly prefix: string;
  readonly reverse: boolean;
}

export interface ListedName extends ListedObject {
  /** In full. */
  readonly name: string;
}

const page = 1000;

/**
 * The names of the range, in order, page by page. `wanted`: about how many of them; `fullName` reads the name that a cut one stands for, and answers `undefined` where it is gone.
 */
export async function* listNames(
  bucket: Bucket,
  area: ListedArea,
  range: NameRange,
  wanted: number,
  fullName: (place: string) => Promise<string | undefined>,
  o: Patience,
): AsyncIterable<readonly ListedName[]> {
  const pages = range.reverse
    ? backwards(forwards(bucket, area, range, page, fullName, o))
    : forwards(bucket, area, range, wanted, fullName, o);
  // Whoever takes them reads what they name: no more at once than are wanted.
  for await (const names of pages) {
    for (let i = 0; i < names.length; i += wanted) yield names.slice(i, i + wanted);
  }
}

/** S3 lists forwards only: the last page is found by going through those before. */
async function* backwards(pages: AsyncIterable<readonly ListedName[]>): AsyncIterable<readonly ListedName[]> {
  const all: (readonly ListedName[])[] = [];
  for await (const names of pages) all.push(names);
  for (const names of all.reverse()) yield [...names].reverse();
}

async function* forwards(
  bucket: Bucket,
  area: ListedArea,
  { lower, upper, prefix }: NameRange,
  wanted: number,
  fullName: (place: string) => Promise<string | undefined>,
  o: Patience,
): AsyncIterable<readonly ListedName[]> {
  const head = (name: string) => (area.longest === undefined ? name : headOf(name, area.longest));
  const isShort = (name: string) => area.longest !== undefined && isCut(name);
  /** Of one head, which may be out of order with each other. */
  let run: ListedName[] = [];
  let after = lower === undefined ? undefined : area.prefix + startOf(lower, head(lower.name));
  const sorted = (names: ListedName[]) =>
    names.filter(({ name }) => isWithin(name, { lower, upper })).sort((a, b) => compareKeys(a.name, b.name));

  for (;;) {
    const limit = Math.min(page, Math.max(1, wanted));
    const listed = await bucket.list(area.prefix + head(prefix), { ...o, after, limit });
    const ready: ListedName[] = [];
    for (const object of listed.objects) {
      const name = nameIn(area, object.key);
      const last = run.at(-1);
      if (last !== undefined && head(last.name) !== head(name)) {
        ready.push(...sorted(run));
        run = [];
      }
      if (upper !== undefined && compareKeys(head(name), head(upper.name)) > 0) {
        yield ready;
        return;
      }
      const full = isShort(name) ? await fullName(object.key) : name;
      if (full !== undefined) run.push({ ...object, name: full });
    }
    after = listed.objects.at(-1)?.key;
    if (!listed.more || after === undefined) {
      yield [...ready, ...sorted(run)];
      return;
    }
    // What is shorter than its head can be is out of order with nothing.
    const last = run.at(-1);
    if (last !== undefined && head(last.name) === last.name && !isShort(nameIn(area, after))) {
      ready.push(...sorted(run));
      run = [];
    }
    if (ready.length > 0) yield ready;
  }
}

export function isWithin(name: string, { lower, upper }: Pick<NameRange, "lower" | "upper">): boolean {
  const order = (bound: NameBound) => compareKeys(name, bound.name);
  if (lower !== undefined && (lower.inclusive ? order(lower) < 0 : order(lower) <= 0)) return false;
  return upper === undefined || (upper.inclusive ? order(upper) <= 0 : order(upper) < 0);
}

/** Where to begin so that nothing of the range is missed. */
function startOf({ name, inclusive }: NameBound, head: string): string {
  return !inclusive && head === name ? name : justBefore(head);
}

/** Less than the name, and greater than all that is less and can be a name. */
function justBefore(name: string): string {
  const points = Array.from(name);
  const last = points.pop()?.codePointAt(0);
  if (last === undefined || last <= 0x21) return points.join("");
  // Surrogates are no characters.
  const before = last === 0xe000 ? 0xd7ff : last - 1;
  return `${points.join("")}${String.fromCodePoint(before)}\u{10ffff}`;
}
