/**
 * Pages in order out of an adapter that lists in any order: whatever has the range's prefix is looked at, and only the page is kept. An adapter that lists in
 * order is only asked for what the page needs.
 *
 * Everything is compared by escaped names. Where a name is cut, its entry may stand among those that share its head in any order, so an ordered listing is only
 * left behind when the heads differ.
 */

import { compareKeys, prefixEnd } from "../keys.ts";
import type { Entry } from "./backend.ts";
import { type Area, headLength, joinSegments, segments } from "./layout.ts";
import { createSmallest } from "./smallest.ts";
import type { View } from "./view.ts";

export interface NameBound {
  /** Escaped. */
  readonly name: string;
  readonly inclusive: boolean;
}

export interface NameRange {
  /** That all names in the range have in common. */
  readonly prefix: string;
  readonly lower?: NameBound | undefined;
  readonly upper?: NameBound | undefined;
  /** Before this name there is nothing, not even what a cut or shortened key stands for. */
  readonly start?: string | undefined;
  readonly reverse: boolean;
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

/** `nameOf` gives an entry's whole name; `accept` what is to be kept of it, or `undefined`. */
export async function scanArea<T>(
  view: View,
  area: Area,
  range: NameRange,
  nameOf: (entry: Entry) => string,
  accept: (entry: Entry, name: string) => T | undefined,
): Promise<Page<T>> {
  const { lower, upper, reverse, limit } = range;
  const head = headLength(area.longest);
  const page = createSmallest<T>(limit + 1, reverse);

  const entries = view.list({
    prefix: area.prefix + segments(range.prefix.slice(0, head)),
    after: range.start === undefined ? undefined : justBefore(area.prefix, range.start.slice(0, head)),
    page: limit + 1,
    isBeyond(key) {
      const reached = joinSegments(key.slice(area.prefix.length)).slice(0, head);
      const last = reverse ? undefined : page.last();
      return isPast(reached, upper?.name, head) || isPast(reached, last, head);
    },
  });
  for await (const entry of entries) {
    const name = nameOf(entry);
    if (!isWithin(name, lower, upper) || !page.accepts(name)) continue;
    const item = accept(entry, name);
    if (item !== undefined) page.add(name, item);
  }
  const items = page.items();
  return { items: items.slice(0, limit), more: items.length > limit };
}

function isWithin(name: string, lower: NameBound | undefined, upper: NameBound | undefined): boolean {
  if (lower !== undefined && (lower.inclusive ? name < lower.name : name <= lower.name)) return false;
  return upper === undefined || (upper.inclusive ? name <= upper.name : name < upper.name);
}

function isPast(reached: string, name: string | undefined, head: number): boolean {
  return name !== undefined && reached > name.slice(0, head);
}

/** A string right before the name's physical key: no key stands between. */
function justBefore(prefix: string, name: string): string | undefined {
  if (name === "") return undefined;
  const path = segments(name);
  const last = path.charCodeAt(path.length - 1);
  // `~` is the greatest character, and two of them never begin what is left of an uncut name.
  return `${prefix}${path.slice(0, -1)}${String.fromCharCode(last - 1)}~~`;
}

/** The longest string that begins every string from `lower` to `upper`, which is exclusive. In byte order. */
export function commonPrefix(lower: string | undefined, upper: string | undefined): string {
  if (lower === undefined || upper === undefined) return "";
  const points = Array.from(lower);
  let prefix = "";
  for (const point of points) {
    const longer = prefix + point;
    if (upper.startsWith(longer)) {
      prefix = longer;
      continue;
    }
    // The range of everything that starts with a prefix ends right before the next string of that length.
    const end = prefixEnd(longer);
    return end !== undefined && compareKeys(upper, end) <= 0 ? longer : prefix;
  }
  return prefix;
}
