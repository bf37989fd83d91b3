/** Commits: lists of operations are judged one after another, collected, and written in as few steps as can be. */
import type { CommitResult, EngineOptions, Op } from "../contract.ts";
import type { Writes } from "./backend.ts";
import { parseToken } from "./contents.ts";
import { draftOps } from "./draft.ts";
import { entryPlace, storedIndexEntry } from "./index-entries.ts";
import type { Written } from "./journal.ts";
import { judge } from "./judge.ts";
import type { Layout } from "./layout.ts";
import type { OpenScope } from "./open-scope.ts";
import type { View } from "./view.ts";

/** How much goes into one step: keys, and characters of values. A single list may be larger. */
const maxWrites = 2000;
const maxLength = 8 * 1024 * 1024;

/** Must have the scope to itself. */
export async function commit(
  scope: OpenScope,
  lists: readonly (readonly Op[])[],
  o: EngineOptions,
): Promise<CommitResult[]> {
  const { layout, ledger, journal, sweeper } = scope;
  const ops = lists.flat();
  const held = ops.map((op) => (op.op === "put" && op.content !== undefined ? parseToken(op.content).id : undefined));
  const letGo = held.filter((id) => id !== undefined).map((id) => sweeper.hold(id));
  try {
    await journal.settle(); // first: a new reservation would bury what is pending
    await ledger.reserve(ops.reduce((count, op) => count + placesOf(op), 0));
    const view = scope.view(o);
    await view.prefetch(ops.flatMap((op) => keysOf(layout, op)));
    return await writeInSteps(scope, view, lists, o);
  } finally {
    for (const release of letGo) release();
    sweeper.sweep(o.now);
  }
}

async function writeInSteps(
  scope: OpenScope,
  base: View,
  lists: readonly (readonly Op[])[],
  o: EngineOptions,
): Promise<CommitResult[]> {
  const results: CommitResult[] = [];
  let view = base;
  while (results.length < lists.length) {
    const rest = lists.slice(results.length);
    const step = await prepare(scope, view, rest, o.now);
    let written: Written;
    try {
      written = await scope.journal.write(step.writes, o);
    } catch (cause) {
      if (results.length === 0) throw cause;
      written = { outcome: "unknown", cause };
    }
    // Later lists were to build on these.
    if (written.outcome === "unknown")
      return [...results, ...rest.map(() => written as Extract<Written, { outcome: "unknown" }>)];
    scope.sweeper.notice(step.writes);
    results.push(...step.results);
    view = view.under(step.writes);
  }
  return results;
}

interface Step {
  readonly results: readonly CommitResult[];
  readonly writes: Writes;
}

/** Judges as many of the lists as make one step, each by what the lists before it leave behind. */
async function prepare(scope: OpenScope, base: View, lists: readonly (readonly Op[])[], now: number): Promise<Step> {
  const { layout, ledger } = scope;
  const results: CommitResult[] = [];
  const writes: Writes = new Map();
  const view = base.under(writes);
  let length = 0;
  for (const list of lists) {
    const more = lengthOf(list);
    if (results.length > 0 && (length + more > maxLength || writes.size > maxWrites)) break;
    const conflict = await judge(scope, view, list, now);
    if (conflict !== undefined) {
      results.push(conflict);
      continue;
    }
    const drafted: Writes = new Map();
    const draft = { view: view.under(drafted), layout, writes: drafted, now, nextSeq: ledger.next };
    results.push({ outcome: "applied", time: now, answers: await draftOps(draft, list) });
    for (const [key, value] of drafted) writes.set(key, value);
    length += more;
  }
  return { results, writes };
}

/** How many places in commit order it takes at most. */
function placesOf({ op }: Op): number {
  return op === "check" || op === "checkRange" ? 0 : op === "append" ? 2 : 1;
}

/** What is sure to be read for it, to be fetched together with what the others need. */
function keysOf(layout: Layout, op: Op): string[] {
  switch (op.op) {
    case "put": {
      const keys = [layout.row(op.space, op.key)];
      if (op.content !== undefined) keys.push(layout.content(parseToken(op.content).id));
      for (const entry of op.index ?? []) {
        if (entry.unique) keys.push(entryPlace(layout, storedIndexEntry(entry), op.key));
      }
      return keys;
    }
    case "delete":
    case "add":
    case "check":
      return [layout.row(op.space, op.key)];
    case "append": {
      const ids = op.events.map(({ id }) => layout.eventId(op.stream, id));
      return [layout.row("streams", op.stream), layout.row("streams", ""), ...ids];
    }
    case "checkRange":
      return [];
  }
}

function lengthOf(list: readonly Op[]): number {
  let length = 0;
  for (const op of list) {
    if (op.op === "put") length += op.value.length;
    else if (op.op === "append")
      for (const { data, metadata = "" } of op.events) length += data.length + metadata.length;
  }
  return length;
}
