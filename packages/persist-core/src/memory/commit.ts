/** Commits, written to be read as the specification of what a commit is. */
import { compareBytes } from "../bytes-order.ts";
import type {
  Answer,
  AppendOp,
  CheckOp,
  CommitResult,
  DeleteOp,
  EraseOp,
  EventRow,
  IfVersion,
  IndexEntry,
  Op,
  PutOp,
  ReindexOp,
} from "../contract.ts";
import { addNumber } from "../numbers.ts";
import { hashRows } from "../row-hash.ts";
import { isExpected, rowVersionOf } from "../stream-heads.ts";
import { attachContent, releaseContent } from "./bytes.ts";
import { headOf, readEvents, readRow, scanRows } from "./reads.ts";
import {
  isLive,
  liveRow,
  nameOf,
  type RowSpace,
  type State,
  type StoredRow,
  type Stream,
  type Touched,
} from "./state.ts";

/** Judges every operation of the list, then applies all of them or none. */
export function commitList(state: State, list: readonly Op[], now: number): CommitResult {
  for (const [number, op] of list.entries()) {
    const refusal = judge(state, list, op, now);
    if (refusal !== undefined) return { outcome: "conflict", op: number, ...refusal };
  }
  const answers = list.map((op) => apply(state, op, now));
  // At last, because what a delete of this list lets go of may be what a put of it takes.
  for (const op of list) if (op.op === "put" && op.content !== undefined) attachContent(state, op.content);
  return { outcome: "applied", time: now, answers };
}

// ── judging ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `undefined`: nothing speaks against it. */
function judge(state: State, list: readonly Op[], op: Op, now: number): { index?: string } | undefined {
  switch (op.op) {
    case "put":
    case "reindex": {
      if (!isMet(state, op, now)) return {};
      if (op.op === "put" && op.content !== undefined && !mayTake(state, list, op.content)) return {};
      const taken = op.index?.find((entry) => entry.unique && isTaken(state, list, entry, op.key, now));
      return taken === undefined ? undefined : { index: taken.index };
    }
    case "delete":
    case "check":
      return isMet(state, op, now) ? undefined : {};
    case "checkRange":
      return hashRows(scanRows(state, op.space, op.range, now).rows) === op.hash ? undefined : {};
    case "add":
      return addNumber(liveRow(state, "kv", op.key, now)?.value, op.by) === undefined ? {} : undefined;
    case "append":
      return mayAppend(state, op) ? undefined : {};
    case "erase":
      return isAsExpected(state, op) ? undefined : {};
  }
}

function isMet(
  state: State,
  op: { space: CheckOp["space"]; key: string; ifVersion?: IfVersion },
  now: number,
): boolean {
  return op.ifVersion === undefined || op.ifVersion === (readRow(state, op.space, op.key, now)?.version ?? null);
}

/** Whether another row has the tuple once the list is applied: one that the list leaves alone, or one that it writes. */
function isTaken(state: State, list: readonly Op[], { index, tuple }: IndexEntry, by: string, now: number): boolean {
  const written = new Map<string, readonly IndexEntry[]>();
  for (const op of list) {
    if ((op.op === "put" || op.op === "reindex" || op.op === "delete") && op.space === "records" && op.key !== by) {
      written.set(op.key, op.op === "delete" ? [] : (op.index ?? []));
    }
  }
  const upper = new Uint8Array([...tuple, 0]); // the least tuple that is greater
  const limit = written.size + 2;
  const { rows } = scanRows(
    state,
    "records",
    { by: "index", index, lower: tuple, upper, reverse: false, limit, keysOnly: true },
    now,
  );
  const isSame = (entry: IndexEntry) => entry.unique && entry.index === index && compareBytes(entry.tuple, tuple) === 0;
  return rows.some(({ key }) => key !== by && !written.has(key)) || [...written.values()].flat().some(isSame);
}

/** Whether the bytes are staged, or those of a blob that this list deletes. */
function mayTake(state: State, list: readonly Op[], content: string): boolean {
  const deletes = list.filter((op) => op.op === "delete" && op.space === "blobs") as readonly DeleteOp[];
  return state.staged.has(content) || deletes.some(({ key }) => state.rows.blobs.get(key)?.content === content);
}

function isAsExpected(state: State, { stream: name, expected }: AppendOp | EraseOp): boolean {
  const stream = state.streams.get(name);
  return isExpected(expected, stream && headOf(stream));
}

function mayAppend(state: State, op: AppendOp): boolean {
  const { events, unless } = op;
  const stream = state.streams.get(op.stream);
  const known = events.filter((event) => stream?.ids.has(event.id)).length;
  if (known > 0) return known === events.length && firstAppend(stream as Stream, events) !== undefined;
  if (!isAsExpected(state, op)) return false;
  if (unless === undefined) return true;
  return !readEvents(state, { from: unless.after + 1, reverse: false, limit: Number.POSITIVE_INFINITY }).events.some(
    unless.matches,
  );
}

/** The last event of these ids where they stand side by side in this order. */
function firstAppend(stream: Stream, events: AppendOp["events"]): EventRow | undefined {
  const first = stream.ids.get(events[0]?.id ?? "") ?? 0;
  const sideBySide = events.every((event, i) => stream.ids.get(event.id) === first + i);
  return sideBySide ? stream.events[first + events.length - 2] : undefined;
}

// ── applying ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function apply(state: State, op: Op, now: number): Answer {
  switch (op.op) {
    case "put":
      return { createdAt: put(state, op, now).createdAt };
    case "add": {
      const before = liveRow(state, "kv", op.key, now);
      const value = addNumber(before?.value, op.by) as string;
      const expiresAt = op.expiresAt ?? (before === undefined ? op.initialExpiresAt : before.expiresAt);
      put(state, { ...op, op: "put", value, expiresAt }, now);
      return { value, expiresAt };
    }
    case "delete":
      return { existed: removeRow(state, op.space, op.key, op.version, now) };
    case "reindex":
      reindex(state, op);
      return {};
    case "append":
      return { appended: append(state, op, now) };
    case "erase":
      return { existed: erase(state, op, now) };
    case "check":
    case "checkRange":
      return {};
  }
}

/** Leaves a tombstone where there was a row. Whether it was live: one that had expired goes too. */
export function removeRow(state: State, space: RowSpace, key: string, version: string, now: number): boolean {
  const row = state.rows[space].get(key);
  if (row === undefined) return false;
  const live = isLive(row, now);
  release(state, space, row, now);
  state.rows[space].delete(key);
  touch(state, { space, key, version, time: now, reason: live ? "deleted" : "expired" });
  return live;
}

function put(state: State, op: PutOp, now: number): StoredRow {
  const before = state.rows[op.space].get(op.key);
  const createdAt = liveRow(state, op.space, op.key, now)?.createdAt ?? now;
  if (before !== undefined) release(state, op.space, before, now);
  const { key, value, version, expiresAt, content, index = [] } = op;
  const place = touch(state, { space: op.space, key, version, time: now });
  const row = { key, value, version, createdAt, updatedAt: now, expiresAt, content, place, index };
  state.rows[op.space].set(key, row);
  addToIndex(state, row);
  if (expiresAt !== undefined) state.expiries.set({ at: expiresAt, space: op.space, key }, null);
  return row;
}

function reindex(state: State, { space, key, index }: ReindexOp): void {
  const before = state.rows[space].get(key) as StoredRow; // judged before
  removeFromIndex(state, before);
  const row = { ...before, index };
  state.rows[space].set(key, row);
  addToIndex(state, row);
}

/** Takes away what hangs on the row. */
function release(state: State, space: RowSpace, row: StoredRow, now: number): void {
  removeFromIndex(state, row);
  if (row.expiresAt !== undefined) state.expiries.delete({ at: row.expiresAt, space, key: row.key });
  if (space === "blobs" && row.content !== undefined) releaseContent(state, row.content, now);
}

function addToIndex(state: State, { key, index }: StoredRow): void {
  for (const entry of index) state.index.set({ index: entry.index, tuple: entry.tuple, key }, null);
}

function removeFromIndex(state: State, { key, index }: StoredRow): void {
  for (const entry of index) state.index.delete({ index: entry.index, tuple: entry.tuple, key });
}

function append(state: State, op: AppendOp, now: number): { version: number; position: number; duplicate: boolean } {
  const stream: Stream = state.streams.get(op.stream) ?? newStream(op.stream);
  const earlier = stream.ids.has(op.events[0]?.id ?? "") ? firstAppend(stream, op.events) : undefined;
  if (earlier !== undefined) return { version: earlier.version, position: earlier.position, duplicate: true };
  const time = Math.max(now, state.events.at(-1)?.time ?? 0);
  for (const event of op.events) {
    const row = {
      ...event,
      stream: op.stream,
      version: stream.events.length + 1,
      position: state.events.length + 1,
      time,
    };
    stream.events.push(row);
    stream.ids.set(row.id, row.version);
    state.events.push(row);
  }
  state.streams.set(op.stream, stream);
  writeHead(state, stream, time, false);
  return { version: stream.events.length, position: state.events.length, duplicate: false };
}

function newStream(name: string): Stream {
  return { name, events: [], ids: new Map(), first: 1, erased: false, updatedAt: 0, place: 0 };
}

/** Whether there was something to erase. */
function erase(state: State, { stream: name, before }: EraseOp, now: number): boolean {
  const stream = state.streams.get(name);
  const end = Math.min(before, (stream?.events.length ?? 0) + 1);
  if (stream === undefined || end <= stream.first) return false;
  for (const { id, version, position, time } of stream.events.slice(stream.first - 1, end - 1)) {
    const event: EventRow = { id, type: "", tags: [], data: "", stream: name, version, position, time, erased: true };
    stream.events[version - 1] = event;
    state.events[position - 1] = event;
  }
  stream.first = end;
  writeHead(state, stream, now, true);
  return true;
}

function writeHead(state: State, stream: Stream, time: number, erased: boolean): void {
  stream.erased = erased;
  stream.updatedAt = Math.max(time, stream.updatedAt);
  stream.place = touch(state, {
    space: "streams",
    key: stream.name,
    version: rowVersionOf(headOf(stream)),
    time: stream.updatedAt,
  });
}

/** Gives the key the next place in commit order, in exchange for the one it had. */
function touch(state: State, touched: Touched): number {
  const name = nameOf(touched.space, touched.key);
  const before = state.places.get(name);
  if (before !== undefined) {
    state.changes.delete(before);
    state.deletions.delete(before);
  }
  const place = ++state.place;
  state.places.set(name, place);
  state.changes.set(place, touched);
  if (touched.reason !== undefined) state.deletions.set(place, touched);
  return place;
}
