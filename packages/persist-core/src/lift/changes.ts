/** What changed, in commit order: every row knows its place. */
import type { ChangedRow, ChangePage, Space } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { isCount } from "./corrupt.ts";
import { type Layout, numbered } from "./layout.ts";
import { type Envelope, isTombstone, keyOf, liveEnvelope, nameOf, parseEnvelope, toRow } from "./row-envelope.ts";
import { createSmallest } from "./smallest.ts";
import type { View } from "./view.ts";

const spaces: readonly Space[] = ["records", "kv", "blobs", "streams", "system"];

export async function readChanges(
  view: View,
  layout: Layout,
  since: string | undefined,
  latest: number,
  limit: number,
  now: number,
): Promise<ChangePage> {
  const start = parseCursor(since);
  const cursor = String(start);
  // What every idle subscriber asks again and again.
  if (start >= latest) return { changes: [], cursor };

  const page = createSmallest<ChangedRow>(limit, false);
  for (const space of spaces) {
    const area = layout.rows(space);
    for await (const { key: place, value } of view.list({ prefix: area.prefix, page: listPage })) {
      const envelope = parseEnvelope(value, place) as Envelope;
      const order = numbered(envelope.seq);
      if (envelope.seq <= start || !page.accepts(order)) continue;
      const key = keyOf(nameOf(place, area, value), place);
      page.add(order, changedRow(space, key, envelope, place, now));
    }
  }
  const changes = page.items();
  return { changes, cursor: changes.at(-1)?.cursor ?? cursor };
}

function parseCursor(since: string | undefined): number {
  const seq = since === undefined ? 0 : Number(since);
  if (!isCount(seq)) throw new PersistError("INVALID_ARGUMENT", "since is not a cursor of this store's changes.");
  return seq;
}

function changedRow(space: Space, key: string, envelope: Envelope, place: string, now: number): ChangedRow {
  const { version, seq } = envelope;
  const live = liveEnvelope(envelope, now);
  return {
    space,
    key,
    ...(live === undefined ? {} : { row: toRow(key, live, place) }),
    version,
    time: isTombstone(envelope) ? envelope.deleted : envelope.updated,
    cursor: String(seq),
  };
}

const listPage = 1000;
