/**
 * Lists that write one and the same row: judged in turn in memory, and written by one put, under the condition that the row is what they were judged by.
 *
 * Where they also ask for other rows to be as they were, the row is locked first, and the others are read then.
 */
import { type CommitResult, type Op, PersistError } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import { ensureWanted, pauseUpTo } from "./deadline.ts";
import { draftRows, isRowOp, type RowOp } from "./drafting.ts";
import { uniqueOf } from "./index-entries.ts";
import { presume } from "./known-rows.ts";
import type { Parts } from "./parts.ts";
import type { Found, RowObjects } from "./row-objects.ts";
import { fateOf, liveRow, replacing, type State } from "./state.ts";

export interface LoneRow {
  readonly space: RowOp["space"];
  readonly key: string;
  readonly place: string;
}

/** The row has or had a unique tuple, so that this is no matter of one row. */
export const several: unique symbol = Symbol("several");

interface Judged {
  readonly results: CommitResult[];
  readonly next: State;
}

/** Up to so many milliseconds before another try, each time more. */
const longestPause = 20;

export async function writeRow(
  parts: Parts,
  row: LoneRow,
  lists: readonly (readonly Op[])[],
  o: Patience & { readonly now: number },
): Promise<readonly CommitResult[] | typeof several> {
  const { known, rows, besides, streaks } = parts;
  const { key, place } = row;
  const hasChecks = lists.some((list) => list.some((op) => isForeign(op, row)));
  let base = presume(known, place);
  let isFresh = false;

  for (let attempt = 0; ; attempt++) {
    ensureWanted(o, `write "${place}"`);
    if (attempt === 0) await streaks.makeWay(place);
    if (base === undefined) {
      if (attempt > 1) await pauseUpTo(Math.min(longestPause, attempt));
      base = await rows.read(place, o);
      isFresh = true;
    }
    const present: Found = base;
    const { state, etag } = present;
    if (uniqueOf(state).length > 0) return several;
    const judged = judge(parts, row, lists, state, o.now);
    if (judged.next === state) {
      if (isFresh) return judged.results;
      base = undefined;
      continue;
    }
    const guessed = !isFresh && etag === null;
    const began = performance.now();
    let outcome: CommitResult[] | "again";
    if (hasChecks) outcome = await writeGuarded(parts, row, lists, present, judged, o);
    else {
      await besides.before(key, place, state, judged.next, o);
      outcome = await put(parts, row, present, judged, etag, o);
    }
    if (guessed) known.learn(outcome !== "again");
    if (outcome !== "again") {
      streaks.won(place, began);
      return outcome;
    }
    streaks.lost(place);
    base = undefined;
  }
}

async function put(
  { rows, besides }: Parts,
  { key, place }: LoneRow,
  { state }: Found,
  { next, results }: Judged,
  etag: string | null,
  o: Patience,
): Promise<CommitResult[] | "again"> {
  const began = performance.now();
  try {
    const answer = await rows.put(place, { key, state: next }, etag, o);
    if (answer.outcome === "refused") {
      if (!answer.doubtful) return "again";
      const fate = await findFate(rows, place, next, state, performance.now() - began, o);
      if (fate === "not-applied") return "again";
    }
  } catch (error) {
    if (!PersistError.is(error) || error.outcome !== "unknown") throw error;
    return results.map((result) => (result.outcome === "applied" ? { outcome: "unknown", cause: error } : result));
  }
  await besides.after(key, place, state, next, o);
  return results;
}

/** Of a put that was refused, and may have been applied before. Throws where that cannot be told. */
async function findFate(
  rows: RowObjects,
  place: string,
  next: State,
  before: State,
  age: number,
  o: Patience,
): Promise<"applied" | "not-applied"> {
  let cause: unknown;
  try {
    const { state } = await rows.read(place, o);
    const fate = fateOf(state, next?.version, before?.version, age);
    if (fate !== "unknown") return fate;
  } catch (error) {
    cause = error;
  }
  throw new PersistError(
    "UNAVAILABLE",
    `It is not known whether "${place}" was written: the answer was lost, and others have written since, or it cannot be read.`,
    { adapter: "s3", outcome: "unknown", cause },
  );
}

async function writeGuarded(
  parts: Parts,
  row: LoneRow,
  lists: readonly (readonly Op[])[],
  present: Found,
  first: Judged,
  o: Patience & { readonly now: number },
): Promise<CommitResult[] | "again"> {
  const { rows, besides } = parts;
  const { key, place } = row;
  const lock = { commit: crypto.randomUUID(), keys: 1 };
  const locked = await rows.put(place, { key, state: present.state, lock }, present.etag, o);
  let etag = locked.outcome === "stored" ? locked.etag : undefined;
  if (locked.outcome === "refused" && locked.doubtful) etag = await rows.findLock(place, lock.commit, o);
  if (etag === undefined) return "again";
  const lockEtag = etag;
  const giveUp = () => rows.unlock(place, { key, state: present.state }, lockEtag, o).catch(() => undefined);
  try {
    const refusals = await Promise.all(lists.map((list) => checkOthers(parts, row, list, o)));
    if (refusals.includes("busy")) {
      await giveUp();
      await pauseUpTo(longestPause);
      return "again";
    }
    const conflicts = new Map(refusals.flatMap((op, i) => (typeof op === "number" ? [[i, op] as const] : [])));
    const judged = conflicts.size === 0 ? first : judge(parts, row, lists, present.state, o.now, conflicts);
    if (judged.next === present.state) {
      await giveUp();
      return judged.results;
    }
    await besides.before(key, place, present.state, judged.next, o);
    return await put(parts, row, present, judged, lockEtag, o);
  } catch (error) {
    void giveUp();
    throw error;
  }
}

/** In turn, each by what those before it leave. `refused`: by the number of the list, the operation that is known to fail. */
function judge(
  { layout }: Parts,
  row: LoneRow,
  lists: readonly (readonly Op[])[],
  present: State,
  now: number,
  refused: ReadonlyMap<number, number> = new Map(),
): Judged {
  let state = present;
  const skips = (op: Op) => isForeign(op, row);
  const results = lists.map((list, i): CommitResult => {
    const op = refused.get(i);
    if (op !== undefined) return { outcome: "conflict", op };
    const draft = draftRows(layout, list, () => state, now, skips);
    if ("conflict" in draft) return { outcome: "conflict", ...draft.conflict };
    state = draft.writes.get(row.place)?.next ?? state;
    return { outcome: "applied", time: now, answers: draft.answers };
  });
  // What is in between was never written.
  return { results, next: state === present ? state : replacing(state, present, now) };
}

/** The first check of another row that does not hold. `busy`: somebody else holds one of them. */
async function checkOthers(
  { rows, layout }: Parts,
  row: LoneRow,
  list: readonly Op[],
  o: Patience & { readonly now: number },
): Promise<number | "busy" | undefined> {
  const checks = list.flatMap((op, number) => (op.op === "check" && isForeign(op, row) ? [{ op, number }] : []));
  const found = await Promise.all(
    checks.map(({ op }) => (isRowOp(op) ? rows.peekShared(layout.row(op.space, op.key), o) : undefined)),
  );
  if (found.includes(undefined)) return "busy";
  const failed = checks.find(({ op }, i) => {
    const version = liveRow(found[i]?.state, o.now)?.version ?? null;
    return op.ifVersion !== version;
  });
  return failed?.number;
}

const isForeign = (op: Op, { space, key }: LoneRow): boolean =>
  op.op === "check" && (op.space !== space || op.key !== key);
