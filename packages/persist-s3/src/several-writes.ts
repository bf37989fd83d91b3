/**
 * Lists that write several keys, blobs among others, or append: one commit of the log. All lists here are one commit, each judged by what those before it leave.
 *
 * 1. Read what is to be written or checked, and judge. 2. Lock what is to be written. 3. Read again what is only checked. 4. Make the slot that names the commit. 5. Put it in its place.
 */
import type { Answer, CommitResult, Op } from "@cuitty/persist-core";
import type { BlobWrite } from "./blob-space.ts";
import type { Patience } from "./bucket.ts";
import { type Checks, checkAgain } from "./checks.ts";
import { ensureWanted, pauseUpTo } from "./deadline.ts";
import { isUnknown, nothing } from "./deciding.ts";
import { type Conflict, draftRows, type RowWrite } from "./drafting.ts";
import { load } from "./loading.ts";
import { lock, unlock } from "./locking.ts";
import { draftAppends, isLogged, type LogDraft } from "./log-drafts.ts";
import type { Parts } from "./parts.ts";
import type { Found } from "./row-objects.ts";
import type { Slot, SlotChange } from "./slots.ts";
import { replacing } from "./state.ts";

type Lists = readonly (readonly Op[])[];
type Times = Patience & { readonly now: number };

const longestPause = 100;

export async function writeSeveral(parts: Parts, lists: Lists, o: Times): Promise<CommitResult[]> {
  /** Of lists that the log has refused: by their numbers. */
  const refused = new Map<number, Conflict>();
  let isFirst = true;
  for (let attempt = 1; ; attempt++) {
    ensureWanted(o, "commit");
    const outcome = await attemptSeveral(parts, lists, refused, isFirst, o);
    if (outcome !== "again") return outcome;
    if (!isFirst) await pauseUpTo(Math.min(longestPause, 5 * 2 ** attempt));
    isFirst = false;
  }
}

async function attemptSeveral(
  parts: Parts,
  lists: Lists,
  refused: Map<number, Conflict>,
  mayPresume: boolean,
  o: Times,
): Promise<CommitResult[] | "again"> {
  const { log, settling } = parts;
  const commit = crypto.randomUUID();
  const { found, presumed } = await load(parts, lists, mayPresume, o);
  const drafted = await draft(parts, lists, found, refused, o);
  const { results, writes, blobs, changes, accepted } = drafted;
  // What was presumed is only proven by locks.
  if (presumed.some((place) => !writes.has(place)) || (presumed.length > 0 && accepted.length < lists.length)) {
    return "again";
  }
  const logged = accepted.some(([, list]) => list.some(isLogged));
  if (writes.size === 0 && blobs.length === 0 && !logged) {
    return (await checkAgain(parts, accepted, found, commit, o)) === "sound" ? results : "again";
  }

  const giveUpBlobs = () => Promise.all(blobs.map((write) => parts.blobs.giveUp(write)));
  const locks = await lock(parts, commit, writes, found, o).catch(async (error: unknown) => {
    await giveUpBlobs();
    throw error;
  });
  if (presumed.length > 0) parts.known.learn(locks !== undefined);
  if (locks === undefined) {
    await giveUpBlobs();
    return "again";
  }
  const giveUp = async () => {
    await unlock(parts, locks, found);
    await giveUpBlobs();
  };
  let slot: Slot | undefined;
  let appended: LogDraft | undefined;
  try {
    const checks: Checks = await checkAgain(parts, accepted, found, commit, o, new Set(writes.keys()));
    if (checks !== "sound") {
      await giveUp();
      if (checks === "busy") return "again";
      refused.set(checks.list, { op: checks.op });
      return "again";
    }
    await tend(parts, "before", writes, found, o);
    slot = await log.decide(
      async (view) => {
        appended = undefined;
        if (view.tail.decisionOf(commit) !== undefined) return undefined; // somebody has lost patience
        appended = await draftAppends(parts, accepted, view, o);
        if (appended.refused !== undefined && writes.size + blobs.length > 0) return undefined;
        const rows = [...writes.keys()];
        const commits = rows.length + blobs.length === 0 ? [] : [{ commit, rows, blobs }];
        const { batches, erasures } = appended;
        if (commits.length + batches.length + erasures.length === 0) return undefined;
        return { ...nothing, commits, batches, erasures, changes: parts.feed ? changes : [] };
      },
      o.now,
      o,
    );
  } catch (error) {
    if (!isUnknown(error)) {
      void giveUp();
      throw error;
    }
    // Its locks stay: whoever meets them finds out.
    return results.map((result) => (result.outcome === "applied" ? { outcome: "unknown", cause: error } : result));
  }
  if (slot === undefined) {
    await giveUp();
    if (appended === undefined) return "again"; // aborted
    if (writes.size + blobs.length > 0 && appended.refused !== undefined) {
      refused.set(appended.refused.list, { op: appended.refused.op });
      return "again";
    }
  } else {
    await settling.finishOwn(commit, locks, o);
    await tend(parts, "after", writes, found, o);
    void settling.settle(slot);
  }
  return withAppended(withBlobs(parts, drafted), appended as LogDraft);
}

interface Drafted {
  readonly results: CommitResult[];
  /** Of all lists together, by place. */
  readonly writes: ReadonlyMap<string, RowWrite>;
  readonly blobs: readonly BlobWrite[];
  readonly changes: readonly SlotChange[];
  /** Which operations they are: the numbers of list and operation. */
  readonly blobOps: readonly (readonly [number, number])[];
  /** Those that are not refused, with their numbers. */
  readonly accepted: readonly (readonly [number: number, list: readonly Op[]])[];
}

async function draft(
  parts: Parts,
  lists: Lists,
  found: ReadonlyMap<string, Found>,
  refused: ReadonlyMap<number, Conflict>,
  o: Times,
): Promise<Drafted> {
  const { layout } = parts;
  const writes = new Map<string, RowWrite>();
  const blobs: BlobWrite[] = [];
  const changes: SlotChange[] = [];
  const blobOps: (readonly [number, number])[] = [];
  const accepted: (readonly [number, readonly Op[]])[] = [];
  const results: CommitResult[] = [];
  const stateAt = (place: string) => (writes.has(place) ? writes.get(place)?.next : found.get(place)?.state);
  for (const [number, list] of lists.entries()) {
    const conflict = refused.get(number);
    const rows = conflict === undefined ? draftRows(layout, list, stateAt, o.now) : { conflict };
    const prepared = "conflict" in rows ? rows : await prepareBlobs(parts, list, o);
    if ("conflict" in prepared) {
      results.push({ outcome: "conflict", ...prepared.conflict });
      continue;
    }
    const { answers, writes: own, changes: told } = rows as Exclude<typeof rows, { conflict: Conflict }>;
    for (const [place, { key, next }] of own)
      writes.set(place, { key, next: replacing(next, found.get(place)?.state, o.now) });
    for (const { write, key, op } of prepared.blobs) {
      blobs.push(write);
      blobOps.push([number, op]);
      const lockRow = layout.row("locks", key);
      const next = replacing({ version: crypto.randomUUID(), deletedAt: o.now }, found.get(lockRow)?.state, o.now);
      writes.set(lockRow, { key, next });
    }
    changes.push(...told, ...prepared.blobs.map(({ change }) => change));
    accepted.push([number, list]);
    const all = answers.map((answer, i) => prepared.answers.get(i) ?? answer);
    results.push({ outcome: "applied", time: o.now, answers: all });
  }
  return { results, writes, blobs, blobOps, changes, accepted };
}

/** What there is to tell of blobs is known when they are in their places. */
function withBlobs({ blobs }: Parts, { results, blobOps, blobs: writes }: Drafted): CommitResult[] {
  const told = new Map<number, Map<number, Answer>>();
  for (const [i, [list, op]] of blobOps.entries()) {
    const answer = blobs.tell(writes[i] as BlobWrite);
    if (answer !== undefined) told.set(list, (told.get(list) ?? new Map()).set(op, answer));
  }
  return results.map((result, list) => {
    if (result.outcome !== "applied" || !told.has(list)) return result;
    return { ...result, answers: result.answers.map((answer, op) => told.get(list)?.get(op) ?? answer) };
  });
}

interface PreparedBlobs {
  readonly blobs: readonly {
    readonly op: number;
    readonly key: string;
    readonly write: BlobWrite;
    readonly change: SlotChange;
  }[];
  readonly answers: ReadonlyMap<number, Answer>;
}

async function prepareBlobs(
  { blobs }: Parts,
  list: readonly Op[],
  o: Times,
): Promise<{ readonly conflict: Conflict } | PreparedBlobs> {
  const prepared: PreparedBlobs["blobs"][number][] = [];
  const answers = new Map<number, Answer>();
  for (const [number, op] of list.entries()) {
    if ((op.op !== "put" && op.op !== "delete") || op.space !== "blobs") continue;
    const one = await blobs.prepare(op, o);
    if (one.outcome === "conflict") {
      for (const { write } of prepared) await blobs.giveUp(write);
      return { conflict: { op: number } };
    }
    answers.set(number, one.answer);
    const { key, version } = op;
    const change: SlotChange = { space: "blobs", key, version, ...(op.op === "delete" ? { gone: "deleted" } : {}) };
    if (one.answer.existed !== false) prepared.push({ op: number, key, write: one.write, change });
  }
  return { blobs: prepared, answers };
}

/** What stands beside each row, such as index entries: what has to be there before it is, or what is of no use afterwards. */
async function tend(
  { besides }: Parts,
  when: "before" | "after",
  writes: ReadonlyMap<string, RowWrite>,
  found: ReadonlyMap<string, Found>,
  o: Patience,
): Promise<void> {
  await Promise.all(
    Array.from(writes, ([place, { key, next }]) => besides[when](key, place, found.get(place)?.state, next, o)),
  );
}

function withAppended(results: readonly CommitResult[], { byList }: LogDraft): CommitResult[] {
  return results.map((result, number) => {
    const own = byList.get(number);
    if (result.outcome !== "applied" || own === undefined) return result;
    if ("conflict" in own) return { outcome: "conflict", op: own.conflict };
    return { ...result, answers: result.answers.map((answer, i) => own.answers.get(i) ?? answer) };
  });
}
