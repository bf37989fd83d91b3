/** What putting, adding to, reindexing and deleting a row amounts to in physical writes. */
import type { AddOp, Answer, DeleteOp, PutOp, ReindexOp } from "../contract.ts";
import type { FullRow } from "../full-row.ts";
import { addNumber } from "../numbers.ts";
import { parseToken, releasedFor, type Unnamed } from "./contents.ts";
import type { Draft } from "./draft.ts";
import { type EntryValue, entryPlace, entryValue, isSameEntry, parseEntry, storedIndexEntry } from "./index-entries.ts";
import type { Layout } from "./layout.ts";
import {
  isTombstone,
  liveEnvelope,
  parseEnvelope,
  type RowEnvelope,
  rowEnvelope,
  type StoredIndexEntry,
  tombstone,
  toRow,
} from "./row-envelope.ts";

export async function putRow(
  draft: Draft,
  { space, key, value, version, expiresAt, index, content }: PutOp,
): Promise<Answer> {
  const { writes, now } = draft;
  const { place, envelope } = await find(draft, space, key);
  const before = envelope !== undefined && !isTombstone(envelope) ? envelope : undefined;
  const createdAt = liveEnvelope(before, now)?.created ?? now;
  const row: FullRow = { key, value, version, createdAt, updatedAt: now, expiresAt, content };
  const entries = index?.map(storedIndexEntry) ?? [];

  await writeIndex(draft, key, before, entries, expiresAt);
  if (before !== undefined) releaseContent(draft, before);
  writes.set(place, rowEnvelope(row, draft.nextSeq(), entries));
  return { createdAt };
}

export async function addToRow(draft: Draft, op: AddOp): Promise<Answer> {
  const { place, envelope } = await find(draft, op.space, op.key);
  const live = liveEnvelope(envelope, draft.now);
  const before = live && toRow(op.key, live, place);
  const value = addNumber(before?.value, op.by) as string; // judged before
  const expiresAt = op.expiresAt ?? (before === undefined ? op.initialExpiresAt : before.expiresAt);
  await putRow(draft, { ...op, op: "put", value, expiresAt });
  return { value, expiresAt };
}

/** Keeps the row's place in commit order. The place that it takes all the same is a mark by which the write is recognised. */
export async function reindexRow(draft: Draft, { space, key, index }: ReindexOp): Promise<Answer> {
  const { place, envelope } = await find(draft, space, key);
  const { index: _, ...before } = envelope as RowEnvelope; // judged before
  const entries = index.map(storedIndexEntry);
  await writeIndex(draft, key, envelope as RowEnvelope, entries, before.expires);
  const row: RowEnvelope = { ...before, ...(entries.length === 0 ? {} : { index: entries }), mark: draft.nextSeq() };
  draft.writes.set(place, row);
  return {};
}

/** Leaves a trace also where what it removes had expired, and none where nothing was. */
export async function deleteRow(draft: Draft, { space, key, version }: DeleteOp): Promise<Answer> {
  const { writes, now } = draft;
  const { place, envelope } = await find(draft, space, key);
  if (envelope === undefined || isTombstone(envelope)) return { existed: false };
  await writeIndex(draft, key, envelope, [], undefined);
  releaseContent(draft, envelope);
  const existed = liveEnvelope(envelope, now) !== undefined;
  const why = existed ? {} : ({ reason: "expired" } as const);
  writes.set(place, tombstone(key, { deleted: now, ...why, version, seq: draft.nextSeq() }));
  return { existed };
}

async function find({ view, layout }: Draft, space: PutOp["space"], key: string) {
  const place = layout.row(space, key);
  return { place, envelope: parseEnvelope(await view.get(place), place) };
}

/** Takes the row's entries away and gives it the new ones. What stays the same is not written. */
async function writeIndex(
  { view, layout, writes }: Draft,
  key: string,
  before: RowEnvelope | undefined,
  entries: readonly StoredIndexEntry[],
  expires: number | undefined,
): Promise<void> {
  const earlier = placed(layout, key, before?.index ?? [], before?.expires);
  const next = placed(layout, key, entries, expires);
  // The row knows its entries. But where a tuple is unique, another row may have taken the entry since this one expired.
  const standing = async (place: string, { unique }: PlacedEntry) =>
    unique ? parseEntry(await view.get(place), place) : earlier.get(place)?.value;

  for (const [place, entry] of earlier) {
    if (!next.has(place) && (await standing(place, entry))?.key === key) writes.set(place, undefined);
  }
  for (const [place, entry] of next) {
    const present = await standing(place, entry);
    if (present === undefined || !isSameEntry(present, entry.value)) writes.set(place, entry.value);
  }
}

interface PlacedEntry {
  readonly unique: boolean;
  readonly value: EntryValue;
}

function placed(
  layout: Layout,
  key: string,
  entries: readonly StoredIndexEntry[],
  expires: number | undefined,
): Map<string, PlacedEntry> {
  const byPlace = new Map<string, PlacedEntry>();
  for (const entry of entries) {
    const [, , unique] = entry;
    byPlace.set(entryPlace(layout, entry, key), { unique, value: entryValue(entry, key, expires) });
  }
  return byPlace;
}

/** The bytes have a row from now on. */
export function takeContent({ layout, writes }: Draft, content: string): void {
  writes.set(layout.content(parseToken(content).id), undefined);
}

/** The bytes stay for those who are reading them. */
function releaseContent({ layout, writes, now }: Draft, { content }: RowEnvelope): void {
  if (content === undefined) return;
  const { id, chunks } = parseToken(content);
  const unnamed: Unnamed = { due: now + releasedFor, chunks };
  writes.set(layout.content(id), unnamed);
}
