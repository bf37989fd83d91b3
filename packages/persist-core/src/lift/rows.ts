/** Rows by key. */
import type { KeyRange, Row, ScanPage, Space } from "../contract.ts";
import { hasEvents } from "../stream-heads.ts";
import { escapeText } from "./escape.ts";
import { parseHead } from "./events.ts";
import type { Layout } from "./layout.ts";
import { keyOf, liveEnvelope, nameOf, parseEnvelope, toRow } from "./row-envelope.ts";
import { commonPrefix, scanArea } from "./scan.ts";
import type { View } from "./view.ts";

export async function readRows(
  view: View,
  layout: Layout,
  space: Space,
  keys: readonly string[],
  now: number,
): Promise<(Row | undefined)[]> {
  const places = keys.map((key) => layout.row(space, key));
  const found = await view.getAll(places);
  return keys.map((key, i) => {
    const place = places[i] as string;
    const envelope = liveEnvelope(parseEnvelope(found[i], place), now);
    return envelope === undefined ? undefined : toRow(key, envelope, place);
  });
}

export async function scanKeys(
  view: View,
  layout: Layout,
  space: Space,
  range: KeyRange,
  now: number,
): Promise<ScanPage> {
  const area = layout.rows(space);
  const { lower, upper, reverse, limit, keysOnly } = range;
  const start = lower === undefined ? undefined : escapeText(lower.key);
  const { items, more } = await scanArea<Row>(
    view,
    area,
    {
      prefix: escapeText(commonPrefix(lower?.key, upper?.inclusive === false ? upper.key : undefined)),
      lower: lower && { name: escapeText(lower.key), inclusive: lower.inclusive },
      upper: upper && { name: escapeText(upper.key), inclusive: upper.inclusive },
      start,
      reverse,
      limit,
    },
    ({ key, value }) => nameOf(key, area, value),
    ({ key, value }, name) => {
      const envelope = liveEnvelope(parseEnvelope(value, key), now);
      if (space === "streams" && envelope !== undefined && !hasEvents(parseHead(envelope.value, key))) return undefined;
      return envelope && toRow(keyOf(name, key), envelope, key, keysOnly);
    },
  );
  return { rows: items, more };
}
