/** Whether a list of operations may be applied. Nothing is written here. */
import type { AppendOp, CheckOp, CommitResult, DeleteOp, IndexEntry, Op, PutOp, ReindexOp } from "../contract.ts";
import { addNumber } from "../numbers.ts";
import { hashRows } from "../row-hash.ts";
import { isExpected } from "../stream-heads.ts";
import { parseToken } from "./contents.ts";
import { readHead, readPlaces, walk } from "./events.ts";
import { entryPlace, isEntryLive, parseEntry, scanIndex, storedIndexEntry } from "./index-entries.ts";
import type { OpenScope } from "./open-scope.ts";
import { isTombstone, parseEnvelope } from "./row-envelope.ts";
import { readRows, scanKeys } from "./rows.ts";
import type { View } from "./view.ts";

type Judging = Pick<OpenScope, "layout" | "unnamed">;

export type Conflict = Extract<CommitResult, { readonly outcome: "conflict" }>;

/** The first operation that finds its condition not met. */
export async function judge(
  scope: Judging,
  view: View,
  list: readonly Op[],
  now: number,
): Promise<Conflict | undefined> {
  const siblings = siblingsOf(scope, list);
  for (const [number, op] of list.entries()) {
    if (!(await isMet(scope, view, list, op, now))) return { outcome: "conflict", op: number };
    if (op.op !== "put" && op.op !== "reindex") continue;
    const taken = await findTaken(scope, view, op, siblings, now);
    if (taken !== undefined) return { outcome: "conflict", op: number, index: taken.index };
  }
  return undefined;
}

/**
 * What the list does to unique tuples. Its conditions are about the state before it, but uniqueness is about the state after it: a record that it deletes or
 * changes makes room, and two that it puts can collide.
 */
interface Siblings {
  /** Keys of the records that it writes. */
  readonly written: ReadonlySet<string>;
  /** Keys of those that are to have the tuple, by the entry's physical key. */
  readonly takers: ReadonlyMap<string, ReadonlySet<string>>;
}

function siblingsOf({ layout }: Judging, list: readonly Op[]): Siblings {
  const written = new Set<string>();
  const takers = new Map<string, Set<string>>();
  for (const op of list) {
    if ((op.op !== "put" && op.op !== "reindex" && op.op !== "delete") || op.space !== "records") continue;
    written.add(op.key);
    if (op.op === "delete") continue;
    for (const entry of op.index ?? []) {
      if (!entry.unique) continue;
      const place = entryPlace(layout, storedIndexEntry(entry), op.key);
      takers.set(place, (takers.get(place) ?? new Set()).add(op.key));
    }
  }
  return { written, takers };
}

async function isMet(scope: Judging, view: View, list: readonly Op[], op: Op, now: number): Promise<boolean> {
  const { layout } = scope;
  switch (op.op) {
    case "put":
      return (
        (await hasVersion(scope, view, op, now)) &&
        (op.content === undefined || (await mayTake(scope, view, list, op.content)))
      );
    case "reindex":
    case "delete":
    case "check":
      return hasVersion(scope, view, op, now);
    case "checkRange": {
      const { space, range } = op;
      const page = range.by === "key" ? scanKeys(view, layout, space, range, now) : scanIndex(view, layout, range, now);
      return hashRows((await page).rows) === op.hash;
    }
    case "add": {
      const [row] = await readRows(view, layout, op.space, [op.key], now);
      return addNumber(row?.value, op.by) !== undefined;
    }
    case "append":
      return mayAppend(scope, view, op);
    case "erase":
      return isExpected(op.expected, await readHead(view, layout, op.stream));
  }
}

async function hasVersion(
  { layout }: Judging,
  view: View,
  op: PutOp | ReindexOp | DeleteOp | CheckOp,
  now: number,
): Promise<boolean> {
  if (op.ifVersion === undefined) return true;
  const [row] = await readRows(view, layout, op.space, [op.key], now);
  return op.ifVersion === (row?.version ?? null);
}

/** Whether the bytes are staged, or those of a blob that this list deletes. */
async function mayTake(scope: Judging, view: View, list: readonly Op[], content: string): Promise<boolean> {
  for (const op of list) {
    if (op.op !== "delete" || op.space !== "blobs") continue;
    const place = scope.layout.row("blobs", op.key);
    const envelope = parseEnvelope(await view.get(place), place);
    if (envelope !== undefined && !isTombstone(envelope) && envelope.content === content) return true;
  }
  return isStaged(scope, view, content);
}

/** Whether the bytes are still waiting for their row: after a day they are swept, and a row must not name what is gone. */
async function isStaged({ layout, unnamed }: Judging, view: View, content: string): Promise<boolean> {
  const { id } = parseToken(content);
  return !unnamed.isCondemned(id) && (await view.get(layout.content(id))) !== undefined;
}

/** The first entry whose unique tuple another row has, in the store or in this list. */
async function findTaken(
  { layout }: Judging,
  view: View,
  { key, index = [] }: PutOp | ReindexOp,
  { written, takers }: Siblings,
  now: number,
): Promise<IndexEntry | undefined> {
  for (const entry of index) {
    if (!entry.unique) continue;
    const place = entryPlace(layout, storedIndexEntry(entry), key);
    const holder = parseEntry(await view.get(place), place);
    const isHeld = holder !== undefined && holder.key !== key && isEntryLive(holder, now) && !written.has(holder.key);
    if (isHeld || (takers.get(place)?.size ?? 0) > 1) return entry;
  }
  return undefined;
}

async function mayAppend({ layout }: Judging, view: View, op: AppendOp): Promise<boolean> {
  const { stream, events, unless } = op;
  const ids = events.map(({ id }) => id);
  const known = await readPlaces(view, layout, stream, ids);
  if (known.size > 0) return areSideBySide(op, known);
  if (op.expected !== undefined && !isExpected(op.expected, await readHead(view, layout, stream))) return false;
  if (unless !== undefined) {
    const range = { from: unless.after + 1, reverse: false, limit: Number.POSITIVE_INFINITY };
    for await (const event of walk(view, layout, range)) {
      if (unless.matches(event)) return false;
    }
  }
  return true;
}

/** Whether all of the events stand in the stream in this order. */
function areSideBySide({ events }: AppendOp, known: Awaited<ReturnType<typeof readPlaces>>): boolean {
  const first = known.get(events[0]?.id ?? "")?.version ?? 0;
  return events.every(({ id }, i) => known.get(id)?.version === first + i);
}
