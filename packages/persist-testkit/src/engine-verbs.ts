/** For clauses about engines: operations as core would make them, checked and encoded, with versions that nobody else has. */
import type {
  AppendOp,
  BlobFacts,
  ChangedRow,
  CommitResult,
  DeleteOp,
  Engine,
  EngineOptions,
  EraseOp,
  IndexEntry,
  IndexRange,
  KeyRange,
  NewEventRow,
  Op,
  PutOp,
  ReindexOp,
  Row,
  ScanRange,
  StreamHead,
} from "@cuitty/persist-core";
import { fail } from "./assertions.ts";
import { type Clause, clause, type Wording } from "./clause.ts";
import type { Context } from "./context.ts";
import { show } from "./show.ts";

let made = 0;

export function newVersion(): string {
  return `kit-${(++made).toString(36)}`;
}

export function put(key: string, value: unknown = key, more: Partial<PutOp> = {}): PutOp {
  const space = more.space ?? "kv";
  const stored = space === "blobs" ? factsWith(value) : value;
  const op = { op: "put", space, key, value: JSON.stringify(stored), version: newVersion(), ...more } as const;
  return space === "records" ? { ...op, index: more.index ?? [] } : op;
}

/** As core makes them; an engine knows size and etag better. */
function factsWith(value: unknown): BlobFacts {
  const metadata = { value: JSON.stringify(value) };
  return { size: 0, digest: "sha-256:", etag: "", contentType: "application/octet-stream", metadata };
}

export function remove(key: string, more: Partial<DeleteOp> = {}): DeleteOp {
  return { op: "delete", space: "kv", key, version: newVersion(), ...more };
}

/** For the row that has this version. */
export function reindex(key: string, ifVersion: string, index: readonly IndexEntry[]): ReindexOp {
  return { op: "reindex", space: "records", key, ifVersion, index };
}

export function append(stream: string, ids: readonly string[], more: Partial<AppendOp> = {}): AppendOp {
  return { op: "append", stream, events: ids.map((id) => newEvent(id)), ...more };
}

export function erase(stream: string, before: number, expected?: EraseOp["expected"]): EraseOp {
  return { op: "erase", stream, before, expected };
}

export function newEvent(id: string, more: Partial<NewEventRow> = {}): NewEventRow {
  return { id, type: "t", tags: [], data: JSON.stringify(id), ...more };
}

export function entry(index: string, tuple: readonly number[], unique = false): IndexEntry {
  return { index, tuple: Uint8Array.from(tuple), unique };
}

export function range(more: Partial<KeyRange> = {}): KeyRange {
  return { by: "key", reverse: false, limit: 100, keysOnly: false, ...more };
}

/** Commits the operations as one list that must be applied. */
export async function apply(
  engine: Engine,
  o: EngineOptions,
  ...ops: readonly Op[]
): Promise<Extract<CommitResult, { outcome: "applied" }>> {
  const [result] = await engine.commit([ops], o);
  return result?.outcome === "applied" ? result : fail(`a commit was not applied: ${show(result)}`);
}

/** Commits the operations as one list that must be refused. */
export async function conflicting(
  engine: Engine,
  o: EngineOptions,
  ...ops: readonly Op[]
): Promise<Extract<CommitResult, { outcome: "conflict" }>> {
  const [result] = await engine.commit([ops], o);
  return result?.outcome === "conflict" ? result : fail(`a commit was not refused: ${show(result)}`);
}

export async function readOne(
  engine: Engine,
  o: EngineOptions,
  space: PutOp["space"],
  key: string,
): Promise<Row | undefined> {
  return (await engine.read(space, [key], o))[0];
}

/** A clause about the engine of an empty scope. */
export function verb(
  key: `K-engine-${string}`,
  wording: Wording,
  run: (engine: Engine, o: EngineOptions, t: Context) => Promise<void>,
): Clause {
  return clause(key, wording, async (t) => run(await t.engine(), t.engineOptions(), t));
}

export function keysOf(rows: readonly Row[]): string[] {
  return rows.map(({ key }) => key);
}

/** The same options, so many milliseconds later. */
export function later(o: EngineOptions, ms: number): EngineOptions {
  return { ...o, now: o.now + ms };
}

export function byIndex(more: Partial<IndexRange> = {}): IndexRange {
  return { by: "index", index: "i", reverse: false, limit: 100, keysOnly: false, ...more };
}

/** Puts a record with one entry in the index `i`. */
export function record(key: string, tuple: readonly number[], unique = false): PutOp {
  return put(key, key, { space: "records", index: [entry("i", tuple, unique)] });
}

export async function scanned(
  engine: Engine,
  o: EngineOptions,
  space: "kv" | "records",
  scan: ScanRange,
): Promise<string[]> {
  return keysOf((await engine.scan(space, scan, o)).rows);
}

export async function head(engine: Engine, o: EngineOptions, stream: string): Promise<StreamHead | undefined> {
  const [row] = await engine.read("streams", [stream], o);
  return row === undefined ? undefined : (JSON.parse(row.value) as StreamHead);
}

/** All changes after a cursor, in pages. */
export async function changesAfter(
  engine: Engine,
  o: EngineOptions,
  since?: string,
  limit = 100,
): Promise<ChangedRow[]> {
  const all: ChangedRow[] = [];
  let cursor = since;
  for (let empty = 0; empty < 100; ) {
    const page = await engine.changes(cursor, limit, o);
    if (page.changes.length === 0 && !page.more) return all;
    // What was next may have been written again since: then the page is empty, and its cursor leads on.
    if (page.changes.length === 0) empty++;
    all.push(...page.changes);
    cursor = page.cursor;
  }
  return fail("changes says for ever that there is more");
}

/** Begins to look at what changes; `undefined` where the engine does not keep that. Answers what gives the changes since. */
export async function noteChanges(
  engine: Engine,
  o: EngineOptions,
): Promise<(() => Promise<ChangedRow[]>) | undefined> {
  if (engine.capabilities.watch === "absent") return undefined;
  const cursor = await engine.latest(o);
  return () => changesAfter(engine, o, cursor);
}

/** Sweeps until there is nothing more to do. */
export async function sweepAll(engine: Engine, o: EngineOptions): Promise<void> {
  for (let steps = 0; (await engine.sweep(o)).more; steps++) {
    if (steps === 10_000) fail("sweep says for ever that there is more");
  }
}
