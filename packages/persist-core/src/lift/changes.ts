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
        ? "The cursor is of a later state than this store has."
        : "The cursor is older than the deletions that are still known.",
    );
  }
  const places = recent.since(start);
  const entries = places === undefined ? everything(view, layout) : these(view, places);
  const page = createSmallest<ChangedRow>(limit + 1, false);
  for await (const { space, key: place, value } of entries) {
    const envelope = parseEnvelope(value, place);
    if (envelope === undefined || envelope.seq <= start) continue;
    const order = numbered(envelope.seq);
    if (!page.accepts(order)) continue;
    const key = keyOf(nameOf(place, layout.rows(space), value), place);
    const change = changedRow(space, key, envelope, place, now);
    if (change !== undefined) page.add(order, change);
  }
  const items = page.items();
  const changes = items.slice(0, limit);
  const more = items.length > limit;
  return { changes, cursor: more ? (changes.at(-1) as ChangedRow).cursor : String(latest), more };
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

/** `undefined` where it has expired: that is reported when it is swept. */
function changedRow(space: Space, key: string, envelope: Envelope, place: string, now: number): ChangedRow | undefined {
  const { version, seq } = envelope;
  const cursor = String(seq);
  if (isTombstone(envelope)) {
    const { deleted: time, reason = "deleted" } = envelope;
    return { space, key, reason, version, time, cursor };
  }
  const live = liveEnvelope(envelope, now);
  return live && { space, key, row: toRow(key, live, place), version, time: live.updated, cursor };
}
