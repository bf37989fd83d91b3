/** Commits: lists of operations are judged one after another, collected, and written in as few steps as can be. */
import type { CommitResult, EngineOptions, Op, PutOp, ReindexOp } from "../contract.ts";
import type { Writes } from "./backend.ts";
import { parseToken } from "./contents.ts";
import { draftOps } from "./draft.ts";
import { entryPlace, storedIndexEntry } from "./index-entries.ts";
import { notApplied } from "./journal.ts";
import { judge } from "./judge.ts";
import type { Layout } from "./layout.ts";
import type { OpenScope } from "./open-scope.ts";
import type { View } from "./view.ts";

type Lists = readonly (readonly Op[])[];

/** How much goes into one step: keys, and characters of values. A single list may be larger. */
const mostWrites = 2000;
const longestStep = 8 * 1024 * 1024;

/** Must have the scope to itself. */
export async function commit(scope: OpenScope, lists: Lists, o: EngineOptions): Promise<CommitResult[]> {
  const { layout, journal, unnamed } = scope;
  const contents = lists.flat().map((op) => (op.op === "put" ? op.content : undefined));
  const letGo = contents.filter((token) => token !== undefined).map((token) => unnamed.hold(parseToken(token).id));
  const results: CommitResult[] = [];
  try {
    await journal.settle(); // or what is read here might be changed by it
    let view = scope.view(o);
    await view.prefetch(lists.flat().flatMap((op) => keysOf(layout, op)));
    while (results.length < lists.length) {
      const step = await prepare(scope, view, lists.slice(results.length), o.now);
      scope.recent.note(step.writes);
      scope.stale.note(step.writes);
      const written = await journal.write(step.writes, o);
      if (written.outcome === "unknown") return fill(results, lists, written.cause);
      unnamed.note(step.writes);
      results.push(...step.results);
      view = view.under(step.writes);
    }
    return results;
  } catch (error) {
    if (results.length === 0) throw notApplied(error);
    return fill(results, lists, error);
  } finally {
    for (const release of letGo) release();
  }
}

/** The lists that were to build on what failed share its fate. */
function fill(results: readonly CommitResult[], lists: Lists, cause: unknown): CommitResult[] {
  return lists.map((_, i) => results[i] ?? { outcome: "unknown", cause });
}

interface Step {
  readonly results: readonly CommitResult[];
  readonly writes: Writes;
}

/** Judges as many of the lists as make one step, each by what the lists before it leave behind. */
async function prepare(scope: OpenScope, base: View, lists: Lists, now: number): Promise<Step> {
  const { backend, journal, layout, ledger } = scope;
  await journal.settle(); // the step before may have left something: a reservation would bury it
  await ledger.reserve(lists.flat().filter(takesPlace).length, now);

  const most = backend.batchMax > 1 ? backend.batchMax : mostWrites;
  const results: CommitResult[] = [];
  const writes: Writes = new Map();
  const view = base.under(writes);
  let length = 0;
  for (const list of lists) {
    length += lengthOf(list);
    if (results.length > 0 && length > longestStep) break;
    const conflict = await judge(scope, view, list, now);
    const drafted: Writes = new Map();
    const draft = { view: view.under(drafted), layout, writes: drafted, now, nextSeq: ledger.next };
    const result: CommitResult = conflict ?? { outcome: "applied", time: now, answers: await draftOps(draft, list) };
    if (results.length > 0 && writes.size + drafted.size > most) break;
    results.push(result);
    for (const [key, value] of drafted) writes.set(key, value);
  }
  return { results, writes };
}

/** Whether it may take a place in commit order. */
function takesPlace({ op }: Op): boolean {
  return op !== "check" && op !== "checkRange";
}

/** What is sure to be read for it, to be fetched together with what the others need. */
function keysOf(layout: Layout, op: Op): string[] {
  switch (op.op) {
    case "put": {
      const row = [layout.row(op.space, op.key), ...uniquePlaces(layout, op)];
      return op.content === undefined ? row : [...row, layout.content(parseToken(op.content).id)];
    }
    case "reindex":
      return [layout.row(op.space, op.key), ...uniquePlaces(layout, op)];
    case "delete":
    case "add":
    case "check":
      return [layout.row(op.space, op.key)];
    case "append":
      return [
        layout.row("streams", op.stream),
        layout.row("streams", ""),
        ...op.events.map(({ id }) => layout.eventId(op.stream, id)),
      ];
    case "erase":
      return [layout.row("streams", op.stream)];
    case "checkRange":
      return [];
  }
}

function uniquePlaces(layout: Layout, { key, index = [] }: PutOp | ReindexOp): string[] {
  return index.filter(({ unique }) => unique).map((entry) => entryPlace(layout, storedIndexEntry(entry), key));
}

function lengthOf(list: readonly Op[]): number {
  let length = 0;
  for (const op of list) {
    if (op.op === "put") length += op.value.length;
    if (op.op !== "append") continue;
    for (const { data, metadata = "" } of op.events) length += data.length + metadata.length;
  }
  return length;
}
