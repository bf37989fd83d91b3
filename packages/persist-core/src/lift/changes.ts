/** What changed, in commit order: every row knows its place. */
import type { ChangedRow, ChangePage, EngineOptions, Space } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Entry } from "./backend.ts";
import { type Layout, numbered, spaces } from "./layout.ts";
import type { OpenScope } from "./open-scope.ts";
import { type Envelope, isTombstone, keyOf, liveEnvelope, nameOf, parseEnvelope, toRow } from "./row-envelope.ts";
import { createSmallest } from "./smallest.ts";
import type { View } from "./view.ts";

const listPage = 1000;

export async function readChanges(
  scope: OpenScope,
  view: View,
  since: string | undefined,
  limit: number,
  { now }: EngineOptions,
): Promise<ChangePage> {
  const { layout, ledger, recent } = scope;
  const latest = ledger.latest;
  const start = since === undefined ? 0 : parseCursor(since);
  if (since !== undefined && (start < ledger.forgotten || start > latest)) {
    throw new PersistError(
      "CURSOR_EXPIRED",
      start > latest
        ? "The cursor is of a later state than this store has. Start over."
        : "The cursor is older than the deletions that are still known. Start over.",
    );
  }
  const places = recent.since(start);
  const entries = places === undefined ? everything(view, layout) : these(view, places);
  const page = createSmallest<ChangedRow>(limit, false);
  for await (const { space, key: place, value } of entries) {
    const envelope = parseEnvelope(value, place);
    if (envelope === undefined || envelope.seq <= start) continue;
    const order = numbered(envelope.seq);
    if (!page.accepts(order)) continue;
    const key = keyOf(nameOf(place, layout.rows(space), value), place);
    page.add(order, changedRow(space, key, envelope, place, now));
  }
  const changes = page.items();
  const last = changes.at(limit - 1); // a page that is not full has seen everything
  return { changes, cursor: last?.cursor ?? String(latest) };
}

type ChangedEntry = Entry & { readonly space: Space };

async function* everything(view: View, layout: Layout): AsyncIterable<ChangedEntry> {
  for (const space of spaces) {
    const { prefix } = layout.rows(space);
    for await (const { key, value } of view.list({ prefix, page: listPage })) yield { space, key, value };
  }
}

async function* these(view: View, places: readonly { space: Space; place: string }[]): AsyncIterable<ChangedEntry> {
  const found = await view.getAll(places.map(({ place }) => place));
  for (const [i, { space, place }] of places.entries()) yield { space, key: place, value: found[i] };
}

function parseCursor(cursor: string): number {
  if (/^(0|[1-9]\d{0,14})$/.test(cursor)) return Number(cursor);
  throw new PersistError("INVALID_ARGUMENT", "since is not a cursor of this store's changes.");
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
