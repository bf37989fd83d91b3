import type { OpOptions } from "../api/operations.ts";
import type { Transaction } from "../api/store.ts";
import { type Attempt, type Attempts, attemptOf, createAttempts } from "../attempts.ts";
import type { Bindings } from "../bindings.ts";
import { beginCall, type Call, guard } from "../calls.ts";
import type { Op } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { createBlobOps } from "../facades/blobs.ts";
import { createEventOps } from "../facades/events.ts";
import { createKvOps } from "../facades/kv.ts";
import { createRecordOps } from "../facades/records.ts";
import type { Gate } from "../gate.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { createTransactionGate, type TransactionGate } from "./gate.ts";

export type RunTransaction = <T>(
  fn: (tx: Transaction) => Promise<T>,
  o?: OpOptions & { retries?: number },
) => Promise<T>;

/** Runs `work` until it commits, however long that takes; each commit is a call of its own. */
export type RepeatTransaction = <T>(work: (tx: Transaction, gate: Gate) => Promise<T>, begin: () => Call) => Promise<T>;

export interface Transactions {
  readonly run: RunTransaction;
  readonly repeat: RepeatTransaction;
}

export function createTransactions(
  live: Gate,
  attempts: Attempts,
  lifecycle: Lifecycle,
  bindings: Bindings,
): Transactions {
  const attempt = async <T>(
    work: (tx: Transaction, gate: Gate) => Promise<T>,
    commit: (ops: readonly Op[]) => Promise<unknown>,
  ): Promise<Attempt<T>> => {
    const gate = createTransactionGate(live);
    try {
      const value = await work(createFacades(gate, bindings), gate);
      gate.end();
      const result = await attemptOf(commit(gate.ops()).then(() => value));
      await gate.discardStaged("conflict" in result ? "all" : "unused");
      return result;
    } catch (error) {
      gate.end();
      // Where the commit may have happened, the bytes may be in use.
      if (!PersistError.is(error) || error.outcome !== "unknown") await gate.discardStaged("all");
      if (gate.isStale() && PersistError.is(error, "CONFLICT")) return { conflict: error };
      throw error;
    }
  };

  return {
    async run(fn, o) {
      if (typeof fn !== "function") throw new PersistError("INVALID_ARGUMENT", "transaction takes an async function.");
      const call = beginCall("transaction", undefined, o, ["retries"]);
      lifecycle.ensureOpen();
      call.admitted = true;
      let left = false;
      let committing = false;
      const commit = async (ops: readonly Op[]) => {
        if (left) throw new PersistError("ABORTED", "Whoever waited for the transaction has given it up.");
        if (ops.length === 0) return;
        committing = true;
        await live.commit(ops, call).finally(() => {
          committing = false;
        });
      };
      // The callback may hang; whoever waits for the transaction must not, and what is given up must not commit later.
      return guard(
        attempts.run(lifecycle, call, o?.retries, () => attempt(fn, commit)),
        call,
        () => {
          left = true;
          return { outcome: committing ? "unknown" : "not-applied" };
        },
      );
    },

    repeat(work, begin) {
      const unhurried = { ...begin(), deadline: Number.POSITIVE_INFINITY };
      const commit = async (ops: readonly Op[]) => (ops.length === 0 ? undefined : live.commit(ops, begin()));
      return attempts.run(lifecycle, unhurried, undefined, () => attempt(work, commit));
    },
  };
}

function createFacades(gate: TransactionGate, bindings: Bindings): Transaction {
  // Of its own: in the store's, an update in here would wait for the transaction that it is part of.
  const attempts = createAttempts();
  const { append, read, head } = createEventOps(gate);
  return {
    records: createRecordOps({ gate, attempts }),
    kv: createKvOps(gate, attempts),
    blobs: createBlobOps(gate, attempts),
    events: {
      async append(stream, events, o) {
        const { version, ids } = await append(stream, events as never, o);
        return { version, ids };
      },
      read,
      head,
    },
    use: (handle: object) => bindings.bind(handle, gate, attempts) as never,
  };
}
