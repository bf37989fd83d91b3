/**
 * One connection to one file, shared by all engines of an adapter: its prepared statements, its write transactions and the sequence of changes.
 *
 * Everything here is synchronous: a transaction begins and ends within one turn of the event loop, so that no two of them ever meet on the connection.
 */
import { type MaybePromise, PersistError } from "@cuitty/persist-core";
import { type Patience, patiently } from "./busy.ts";
import type { SqliteDatabase, SqliteDriver, SqliteStatement } from "./driver.ts";
import { isDefinite, isDefiniteAlone, UncertainCommit } from "./errors.ts";
import { sequencedTables } from "./schema.ts";
import { createWake, type Wake } from "./wake.ts";

/** What an acknowledged write survives: see `SqliteOptions.durability`. */
export type Durability = "full" | "relaxed" | "memory";

export interface Connection {
  /** As it is shown in messages. */
  readonly path: string;
  readonly durability: Durability;
  readonly db: SqliteDatabase;
  /** The prepared statement for this text, always the same one. */
  statement(sql: string): SqliteStatement;
  /** Runs `work`, which only reads. It may run several times where the file is busy. */
  read<T>(o: Patience, work: () => T): MaybePromise<T>;
  /** Runs `work` in one write transaction: all of it, or nothing. It may run several times where the file is busy. */
  write<T>(o: Patience, work: () => T): MaybePromise<T>;
  /**
   * Runs `work`, which is one statement that takes its number by {@link nextSeqSql}: a transaction of its own, which spares a small write a fifth of its cost, that of
   * beginning and ending one.
   */
  writeAlone<T>(o: Patience, work: () => T): MaybePromise<T>;
  /** As `write`, but durable only with the next ordinary `write`. */
  writeAhead<T>(o: Patience, work: () => T): MaybePromise<T>;
  /** Runs `work` so that all its statements see one state of the file. */
  snapshot<T>(work: () => T): T;
  /** The number of the next change, or the first of as many as are asked for. Inside `write` only. */
  nextSeq(count?: number): number;
  /** The number of the last change in the file, or 0. */
  lastSeq(): number;
  readonly wake: Wake;
  readonly closed: boolean;
  close(): void;
}

const greatestSeqOf = (tables: readonly string[]) => `select max(seq) as seq from (
  ${tables.map((table) => `select max(seq) as seq from ${table}`).join(" union all ")}
)`;

/** The number of the next change, for a statement that is a transaction of its own. */
export const nextSeqSql: string = `(1 + max(${sequencedTables
  .map((table) => `coalesce((select max(seq) from ${table}), 0)`)
  .join(", ")}))`;

const syncEachCommit = "pragma synchronous = full";

/** `db` is a file of ours in its present layout, or an empty database in memory that was brought to it. */
export function createConnection(
  db: SqliteDatabase,
  driver: SqliteDriver,
  path: string,
  durability: Durability,
  moreSequencedTables: readonly string[] = [],
): Connection {
  const greatestSeq = greatestSeqOf([...sequencedTables, ...moreSequencedTables]);
  const statements = new Map<string, SqliteStatement>();
  const begin = statement("begin");
  const beginWriting = statement("begin immediate");
  const commit = statement("commit");
  const rollback = statement("rollback");
  const wake = createWake(dataVersion);
  let closed = false;
  // A failure may have left a transaction open, into which whatever comes next would fall, or writes that are not synced.
  let isSettled = true;

  // The last number given out. It holds as long as nobody else has written, which `data_version` tells; a counter in the file would be one more page to write in each
  // commit. What a transaction drew that was undone is lost: gaps do no harm.
  let seq = 0;
  let seqVersion: number | undefined;

  function statement(sql: string): SqliteStatement {
    let prepared = statements.get(sql);
    if (prepared === undefined) {
      prepared = db.prepare(sql);
      statements.set(sql, prepared);
    }
    return prepared;
  }

  function dataVersion(): number {
    return (statement("pragma data_version").get() as { data_version: number }).data_version;
  }

  function lastSeq(): number {
    return (statement(greatestSeq).get() as { seq: number | null }).seq ?? 0;
  }

  function transact<T>(work: () => T): T {
    let first: number;
    let result: T;
    try {
      // IMMEDIATE: a transaction that began by reading could not become a writer any more once somebody else has written.
      beginWriting.run();
      const version = dataVersion();
      if (version !== seqVersion) {
        seq = lastSeq();
        seqVersion = version;
      }
      first = seq;
      result = work();
    } catch (error) {
      undo();
      throw error;
    }
    try {
      commit.run();
    } catch (error) {
      undo();
      throw isDefinite(error, driver) ? error : new UncertainCommit(error);
    }
    if (seq !== first) wake.notify();
    return result;
  }

  function runAlone<T>(work: () => T): T {
    seqVersion = undefined; // the number is given out in the statement, and not known here
    let result: T;
    try {
      result = work();
    } catch (error) {
      throw isDefiniteAlone(error, driver) ? error : new UncertainCommit(error);
    }
    wake.notify();
    return result;
  }

  /** Ends the transaction, if one is open: SQLite itself rolls back after the graver errors. */
  function undo(): void {
    try {
      rollback.run();
    } catch {
      isSettled = false;
    }
  }

  /** Makes good what a failure has left behind. As long as that fails too, nothing else may happen here. */
  function settle(): void {
    try {
      begin.run(); // so that there is one to roll back, whether or not one was open
    } catch {
      // One is.
    }
    rollback.run();
    if (durability === "full") db.exec(syncEachCommit);
    isSettled = true;
  }

  /**
   * Without a sync of its own. The next transaction at FULL syncs the write-ahead log, which holds the frames of this one before its own; and should they be moved into the
   * database before that, SQLite syncs the log first, at NORMAL too.
   */
  function transactAhead<T>(work: () => T): T {
    if (durability !== "full") return transact(work);
    try {
      db.exec("pragma synchronous = normal");
      return transact(work);
    } finally {
      syncAgain();
    }
  }

  function syncAgain(): void {
    try {
      db.exec(syncEachCommit);
    } catch {
      isSettled = false;
    }
  }

  function attempt<T>(o: Patience, doing: string, work: () => T): MaybePromise<T> {
    return patiently(
      driver,
      o,
      () => `${doing} "${path}"`,
      () => {
        if (closed) throw new PersistError("CLOSED", `"${path}" is closed.`, { adapter: "sqlite" });
        if (!isSettled) settle();
        return work();
      },
    );
  }

  return {
    path,
    durability,
    db,
    wake,
    statement,
    lastSeq,
    nextSeq(count = 1) {
      seq += count;
      return seq - count + 1;
    },
    get closed() {
      return closed;
    },

    read: (o, work) => attempt(o, "read", work),
    write: (o, work) => attempt(o, "write to", () => transact(work)),
    writeAlone: (o, work) => attempt(o, "write to", () => runAlone(work)),
    writeAhead: (o, work) => attempt(o, "write to", () => transactAhead(work)),

    snapshot(work) {
      try {
        begin.run();
        return work();
      } finally {
        undo(); // there is nothing to keep
      }
    },

    close() {
      if (closed) return;
      closed = true;
      wake.close();
      db.close();
    },
  };
}
