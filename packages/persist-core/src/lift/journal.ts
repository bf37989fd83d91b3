/**
 * How writes become durable, all or none.
 *
 * One write is atomic by itself; several are where the adapter has batches. Else they are written into the redo record first, which is the moment of the commit,
 * then put in their places, and then the record is removed. Whoever opens the scope and finds the record puts its writes in place again.
 *
 * What may go wrong, and why nothing is lost, halved or undone:
 *
 * - **The call that commits fails.** It may have happened all the same, so the key is read again: the write is recognised by its `seq`, which no other has (a row
 *   that was only reindexed has a `mark` for that). It is there: go on. It is not: nothing has happened. The reading fails as well: the outcome is unknown.
 * - **Putting in place fails.** The commit has happened, and the caller is told so. The writes stay in memory on top of what the adapter holds, so that
 *   readers see all of them, and no other commit begins before they are in place and the record is gone: a record that outlived a later commit would undo it
 *   when the scope is opened again.
 * - **Putting the record fails, and nobody knows whether it is there.** Nothing is read or written before it is found out: what has been read as not happened
 *   must not happen later.
 * - **A record that was not there appears later**: a slow server carries a call out that it had reported as failed. So after such a failure a new block of
 *   places is reserved: a record counts only under the reservation that it names, and is dead from then on.
 */
import { PersistError } from "../errors.ts";
import type { Backend, Writes } from "./backend.ts";
import { expectObject, isCount } from "./corrupt.ts";
import { each } from "./each.ts";
import type { Layout } from "./layout.ts";
import type { Ledger } from "./ledger.ts";
import { ensureWanted, type Patience } from "./patience.ts";

export interface Journal {
  /** Committed, and not known to be in place. */
  readonly pending: Writes | undefined;
  /** Whether something is left to {@link settle}. */
  readonly isUnsettled: boolean;
  /** Whether there may be a redo record that nobody knows of. Nothing may be read then. */
  readonly isInDoubt: boolean;
  /** Finds out. Throws where that fails. */
  dispel(): Promise<void>;
  /** Finishes what was begun. Throws where that fails; nothing else may be committed then. */
  settle(): Promise<void>;
  /** Makes all of the writes durable. Throws where none of them happened. To be called when everything is settled. */
  write(writes: Writes, patience: Patience): Promise<Written>;
}

export type Written = { readonly outcome: "applied" } | { readonly outcome: "unknown"; readonly cause: unknown };

interface RedoRecord {
  readonly seq: number;
  /** Under which reservation it was made. */
  readonly reserved: number;
  /** Without a value: deleted. */
  readonly writes: readonly { readonly key: string; readonly value?: unknown }[];
}

const applied: Written = { outcome: "applied" };

export async function openJournal(backend: Backend, layout: Layout, ledger: Ledger): Promise<Journal> {
  let pending: Writes | undefined;
  let doubt: { readonly seq: number; readonly writes: Writes } | undefined;

  const finish = async () => {
    if (pending === undefined) return;
    await each(pending, ([key, value]) => (value === undefined ? backend.delete(key) : backend.put(key, value)));
    await backend.delete(layout.redo);
    pending = undefined;
  };

  /** Whether what was put under the key, as number `seq`, is there. */
  const isThere = async (key: string, seq: number) => {
    return markOf(await backend.get(key)) === seq;
  };

  const writeAtOnce = async (writes: Writes): Promise<Written> => {
    const [key, seq] = witnessOf(writes);
    try {
      if (writes.size > 1) await backend.write(writes);
      else await backend.put(key, writes.get(key));
      return applied;
    } catch (cause) {
      const there = await isThere(key, seq).catch(() => undefined);
      if (there === undefined) return { outcome: "unknown", cause };
      if (!there) throw notApplied(cause);
      return applied;
    }
  };

  const writeByRedo = async (writes: Writes): Promise<Written> => {
    const [, seq] = witnessOf(writes);
    try {
      await backend.put(layout.redo, redoRecord(seq, ledger.reserved, writes));
      pending = writes;
    } catch (cause) {
      doubt = { seq, writes };
      try {
        await dispel();
      } catch {
        return { outcome: "unknown", cause };
      }
      if (pending === undefined) throw notApplied(cause);
    }
    // What fails from here on is tried again by whoever comes next.
    await finish().catch(() => undefined);
    return applied;
  };

  const dispel = async () => {
    if (doubt === undefined) return;
    if (await isThere(layout.redo, doubt.seq)) pending = doubt.writes;
    else await ledger.renew();
    doubt = undefined;
  };

  const settle = async () => {
    await dispel();
    await finish();
  };

  const record = parseRedo(await backend.get(layout.redo), layout.redo);
  if (record?.reserved === ledger.reserved) {
    pending = new Map(record.writes.map(({ key, value }) => [key, value]));
    await finish();
  }

  return {
    get pending() {
      return pending;
    },
    get isUnsettled() {
      return pending !== undefined || doubt !== undefined;
    },
    get isInDoubt() {
      return doubt !== undefined;
    },
    dispel,
    settle,
    async write(writes, patience) {
      if (writes.size === 0) return applied;
      ensureWanted(patience); // the last moment to give it up
      return writes.size <= backend.batchMax ? writeAtOnce(writes) : writeByRedo(writes);
    },
  };
}

/** A write that can be recognised. Every commit has one: the row, the trace of a row, or the end of a stream. */
function witnessOf(writes: Writes): readonly [key: string, seq: number] {
  for (const [key, value] of writes) {
    const seq = markOf(value);
    if (isCount(seq)) return [key, seq];
  }
  throw new PersistError("INTERNAL", "A commit wrote no row.");
}

/** The place in commit order that this write has taken. */
function markOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const { seq, mark = seq } = value as { seq?: unknown; mark?: unknown };
  return mark;
}

function redoRecord(seq: number, reserved: number, writes: Writes): RedoRecord {
  return {
    seq,
    reserved,
    writes: Array.from(writes, ([key, value]) => (value === undefined ? { key } : { key, value })),
  };
}

function parseRedo(data: unknown, physicalKey: string): RedoRecord | undefined {
  if (data === undefined) return undefined;
  return expectObject<RedoRecord>(data, physicalKey, ({ seq, reserved, writes }) => {
    return (
      isCount(seq) &&
      isCount(reserved) &&
      Array.isArray(writes) &&
      writes.every((write) => typeof write?.key === "string")
    );
  });
}

/** The same failure, of a commit of which nothing has happened, whatever is known of the call that failed. */
export function notApplied(cause: unknown): unknown {
  if (!PersistError.is(cause) || cause.outcome === "not-applied") return cause;
  return new PersistError(cause.code, cause.message, { retryable: cause.retryable, outcome: "not-applied", cause });
}
