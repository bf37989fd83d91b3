/**
 * Commits: what came together is taken apart into what has nothing to do with each other, and each goes the cheapest way: one row by one put, one row and checks by a lock and a put, one blob by itself,
 * all else by the log.
 */
import { type CommitResult, type Op, PersistError } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import { isBlobWrite, isRowOp } from "./drafting.ts";
import { type LoneRow, several, writeRow } from "./lone-writes.ts";
import type { Parts } from "./parts.ts";
import { writeSeveral } from "./several-writes.ts";

type List = readonly Op[];
type Times = Patience & { readonly now: number };

interface Numbered {
  readonly number: number;
  readonly list: List;
}

export async function commitLists(parts: Parts, lists: readonly List[], o: Times): Promise<CommitResult[]> {
  const results: CommitResult[] = [];
  const groups = apart(lists);
  await Promise.all(
    groups.map(async (group) => {
      const answers = await answersOf(
        parts,
        group.map(({ list }) => list),
        o,
      );
      for (const [i, { number }] of group.entries()) results[number] = answers[i] as CommitResult;
    }),
  );
  const [first] = results;
  // Nothing of it is, and core knows what to do about that.
  if (first?.outcome === "failed" && results.every(({ outcome }) => outcome === "failed")) throw first.error;
  return results;
}

async function answersOf(parts: Parts, lists: readonly List[], o: Times): Promise<readonly CommitResult[]> {
  try {
    return await write(parts, lists, o);
  } catch (error) {
    if (!PersistError.is(error)) throw error;
    if (error.outcome === "unknown") return lists.map(() => ({ outcome: "unknown", cause: error }));
    return lists.map(() => ({ outcome: "failed", error }));
  }
}

async function write(parts: Parts, lists: readonly List[], o: Times): Promise<readonly CommitResult[]> {
  const row = parts.feed ? undefined : loneRow(parts, lists);
  if (row !== undefined) {
    const results = await writeRow(parts, row, lists, o);
    if (results !== several) return results;
  }
  const [list = []] = lists;
  const [op] = list;
  if (!parts.feed && lists.length === 1 && list.length === 1 && op !== undefined && isBlobWrite(op)) {
    return [await parts.blobs.commitAlone(op, o)];
  }
  const results: CommitResult[] = [];
  for (const some of inTurns(lists)) results.push(...(await writeSeveral(parts, some, o)));
  return results;
}

/** The one row that all the lists write, where that is all they do besides looking at others. */
function loneRow({ layout }: Parts, lists: readonly List[]): LoneRow | undefined {
  let row: LoneRow | undefined;
  for (const list of lists) {
    const writes = list.filter(({ op }) => op !== "check");
    const [op] = writes;
    if (writes.length !== 1 || op === undefined || !isRowOp(op) || op.op === "reindex") return undefined;
    if (!list.every(isRowOp)) return undefined;
    if (op.op === "put" && op.index?.some(({ unique }) => unique)) return undefined;
    const place = layout.row(op.space, op.key);
    if (row !== undefined && row.place !== place) return undefined;
    row = { space: op.space, key: op.key, place };
  }
  return row;
}

/** Blobs and ranges are judged by what is there: what depends on what another list makes of them has to wait for it. */
function inTurns(lists: readonly List[]): (readonly List[])[] {
  const turns: List[][] = [];
  let keys = new Set<string>();
  for (const list of lists) {
    const own = list.filter(isBlobWrite).map(({ key }) => key);
    const seesRanges = list.some(({ op }) => op === "checkRange");
    if (turns.length === 0 || seesRanges || own.some((key) => keys.has(key))) {
      turns.push([]);
      keys = new Set();
    }
    for (const key of own) keys.add(key);
    turns.at(-1)?.push(list);
  }
  return turns;
}

/** Groups of lists, each in order, of which none writes what another one writes or looks at. */
function apart(lists: readonly List[]): Numbered[][] {
  const writers = new Map<string, number>();
  const groups = lists.map((_, number) => number);
  const find = (number: number): number => {
    let root = number;
    while (groups[root] !== root) root = groups[root] as number;
    return root;
  };
  const join = (a: number, b: number) => {
    const [first, second] = [find(a), find(b)].sort((x, y) => x - y);
    groups[second as number] = first as number;
  };
  const hasUnique = lists.some((list) => list.some(isUnique));
  const hasRanges = lists.some((list) => list.some(({ op }) => op === "checkRange"));
  for (const [number, list] of lists.entries()) {
    for (const name of list.flatMap((op) => writtenNames(op, hasUnique, hasRanges))) {
      const before = writers.get(name);
      if (before === undefined) writers.set(name, number);
      else join(before, number);
    }
  }
  for (const [number, list] of lists.entries()) {
    for (const name of list.flatMap(seenNames)) {
      const writer = writers.get(name);
      if (writer !== undefined) join(writer, number);
    }
  }
  const byRoot = new Map<number, Numbered[]>();
  for (const [number, list] of lists.entries()) {
    const root = find(number);
    const group = byRoot.get(root) ?? [];
    group.push({ number, list });
    byRoot.set(root, group);
  }
  return [...byRoot.values()];
}

const isUnique = (op: Op): boolean =>
  (op.op === "put" || op.op === "reindex") && op.index?.some(({ unique }) => unique) === true;

/** The log is one, since its order is. Unique tuples are taken and given up by records that tell it only when they are read. */
function writtenNames(op: Op, hasUnique: boolean, hasRanges: boolean): string[] {
  if (op.op === "append" || op.op === "erase") return ["log"];
  if (op.op === "check" || op.op === "checkRange") return [];
  const names = [`${op.space} ${op.key}`];
  if (hasRanges) names.push(`${op.space}/`);
  if (hasUnique && op.space === "records") names.push("unique");
  return names;
}

function seenNames(op: Op): string[] {
  if (op.op !== "check" && op.op !== "checkRange") return [];
  if (op.space === "streams") return ["log"];
  return [op.op === "check" ? `${op.space} ${op.key}` : `${op.space}/`];
}
