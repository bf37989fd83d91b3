/** Records by index: the entries in order, and the records that still name them. */
import type { IndexRange, Row, ScanPage } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import { entriesOf, parseEntryName } from "./index-entries.ts";
import { writeName } from "./names.ts";
import type { Parts } from "./parts.ts";
import { listNames, type NameRange } from "./scan.ts";
import type { ReadRow } from "./scan-rows.ts";
import { liveRow, toRow } from "./state.ts";
import { readTuple, writeTuple } from "./tuples.ts";

export async function scanIndex(
  { bucket, layout }: Parts,
  range: IndexRange,
  read: ReadRow,
  o: Patience & { readonly now: number },
): Promise<ScanPage> {
  const { index, limit, keysOnly, after } = range;
  const area = layout.index(index);
  const fullName = async (place: string) => (await bucket.readText(place, o))?.text;
  const afterName = after && `${writeTuple(after.tuple)} ${writeName(after.key)}`;
  const rows: Row[] = [];
  const tuples: Uint8Array[] = [];
  /** The entry before: there may be several for one record, of which one counts. */
  let last = afterName;
  for await (const names of listNames(bucket, area, nameRange(range, afterName), limit + 1, fullName, o)) {
    const found = await Promise.all(
      names.map(async ({ name, key: place }) => {
        const { tuple, key, tag } = parseEntryName(name, place);
        const state = liveRow((await read(layout.row("records", key))).state, o.now);
        const counts = entriesOf(state).some((entry) => entry.index === index && entry.tag === tag);
        return counts && state !== undefined ? { row: toRow(key, state, keysOnly), tuple } : undefined;
      }),
    );
    for (const one of found) {
      if (one === undefined) continue;
      const name = `${one.tuple} ${writeName(one.row.key)}`;
      if (name === last) continue;
      last = name;
      if (rows.length === limit) return { rows, tuples, more: true };
      rows.push(one.row);
      tuples.push(readTuple(one.tuple));
    }
  }
  return { rows, tuples, more: false };
}

/** Behind an entry's name comes a space and its tag, and a tag is less than this. */
const beyondTags = " ~";

function nameRange({ lower, upper, reverse }: IndexRange, after: string | undefined): NameRange {
  const least = lower && { name: writeTuple(lower), inclusive: true };
  const end = upper && { name: writeTuple(upper), inclusive: false };
  return {
    prefix: "",
    lower: reverse || after === undefined ? least : { name: after + beyondTags, inclusive: false },
    upper: reverse && after !== undefined ? { name: after, inclusive: false } : end,
    reverse,
  };
}
