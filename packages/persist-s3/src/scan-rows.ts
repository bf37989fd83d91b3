/** Rows by key. */
import { commonPrefix, compareKeys, hasEvents, type KeyRange, type Row, type ScanPage } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import type { RowSpace } from "./layout.ts";
import { readName, writeName } from "./names.ts";
import type { Parts } from "./parts.ts";
import type { Found } from "./row-objects.ts";
import { isWithin, listNames, type NameRange } from "./scan.ts";
import { isPlainSize, liveRow, readEnvelope, toRow } from "./state.ts";
import { headRow } from "./streams.ts";

export type ReadRow = (place: string) => Promise<Found>;

export async function scanRows(
  parts: Parts,
  space: RowSpace,
  range: KeyRange,
  read: ReadRow,
  o: Patience & { readonly now: number },
): Promise<ScanPage> {
  const { bucket, layout } = parts;
  const area = layout.rows(space);
  const { limit, keysOnly, namesOnly } = range;
  const fullName = async (place: string): Promise<string | undefined> => {
    const object = await bucket.readText(place, o);
    const key = object === undefined ? undefined : readEnvelope(object.text, place).key;
    return key === undefined ? undefined : writeName(key);
  };
  const rows: Row[] = [];
  for await (const names of listNames(bucket, area, nameRange(range), limit + 1, fullName, o)) {
    const found = await Promise.all(
      names.map(async ({ name, key: place, size }): Promise<Row | undefined> => {
        const key = readName(name);
        if (namesOnly && isPlainSize(size)) return { key, value: "", version: "" };
        const state = liveRow((await read(place)).state, o.now);
        if (state === undefined) return undefined;
        // A page tells the same of a row whether it had to be read or not.
        return namesOnly ? { key, value: "", version: "" } : toRow(key, state, keysOnly);
      }),
    );
    for (const row of found) {
      if (row === undefined) continue;
      if (rows.length === limit) return { rows, more: true };
      rows.push(row);
    }
  }
  return { rows, more: false };
}

function nameRange({ lower, upper, reverse }: KeyRange): NameRange {
  return {
    lower: lower && { name: writeName(lower.key), inclusive: lower.inclusive },
    upper: upper && { name: writeName(upper.key), inclusive: upper.inclusive },
    prefix: writeName(commonPrefix(lower?.key, upper?.inclusive === false ? upper.key : undefined)),
    reverse,
  };
}

/** Streams that have events, by the objects of their heads and by what the log knows besides. */
export async function scanStreams(parts: Parts, range: KeyRange, o: Patience): Promise<ScanPage> {
  const { bucket, layout, log, streams } = parts;
  await log.refresh(o);
  const { streams: area } = layout;
  const names = nameRange(range);
  const fullName = async (place: string) => {
    const stored = await streams.stored(place, o);
    return stored && writeName(stored.stream);
  };
  const rows: Row[] = [];
  const told = new Set<string>();

  /** Tells those that are listed, and the recent ones among them. */
  const tell = async (listed: readonly string[]): Promise<boolean> => {
    const heads = await Promise.all(
      listed.map(async (name) => {
        const stream = readName(name);
        return [stream, await streams.head(stream, log.tail, o)] as const;
      }),
    );
    for (const [stream, head] of heads) {
      if (told.has(stream) || !hasEvents(head)) continue;
      told.add(stream);
      if (rows.length === range.limit) return true;
      const row = headRow(stream, head as NonNullable<typeof head>);
      rows.push(range.keysOnly ? { ...row, value: "" } : row);
    }
    return false;
  };

  const inOrder = (some: readonly string[]): string[] => {
    const sorted = [...new Set(some)].sort(compareKeys);
    return range.reverse ? sorted.reverse() : sorted;
  };
  let rest = inOrder([...log.tail.streams()].map(writeName).filter((name) => isWithin(name, names)));
  for await (const page of listNames(bucket, area, names, range.limit + 1, fullName, o)) {
    const last = page.at(-1)?.name;
    if (last === undefined) continue;
    const isDue = (name: string) => compareKeys(name, last) <= 0 !== range.reverse || name === last;
    const listed = inOrder([...page.map(({ name }) => name), ...rest.filter(isDue)]);
    rest = rest.filter((name) => !isDue(name));
    if (await tell(listed)) return { rows, more: true };
  }
  const more = await tell(rest);
  return { rows, more };
}
