/** The way to the server, for everything in this package: statements, transactions, and what their failures mean. */
import type { PersistError } from "@cuitty/persist-core";
import { definite, isCollision, isElsewhere, Late, toPersistError, Unanswered } from "./errors.ts";
import { follow } from "./lineage.ts";
import type { Listener, OnNotify } from "./listener.ts";
import { pauseBefore } from "./pause.ts";
import type { Borrowed, Pool } from "./pool.ts";
import type { Param, Patience, Statement } from "./statement.ts";

export type { OnNotify } from "./listener.ts";
export type { Param, Patience, Statement } from "./statement.ts";

export interface Connection {
  /** The schema as it stands in SQL, quoted where it has to be. */
  readonly schema: string;
  /** As it is shown in messages: database, host and schema, never a password. */
  readonly place: string;
  /** The advisory locks, by the first of their two numbers; the second is the scope's. */
  readonly locks: Locks;
  /** One statement that changes nothing. Run again where a connection that was open turns out to be dead, and so may be the next: at most once for each that the pool holds. */
  read<Row>(o: Patience, text: string, params: readonly Param[]): Promise<Row[]>;
  /**
   * One statement that is a transaction of its own. Run again where the server says that it was in the way of another (40001, 40P01). Rejects with `outcome: "unknown"` where it may have
   * happened.
   */
  write<Row>(o: Patience, text: string, params: readonly Param[], fence?: Fence): Promise<Row[]>;
  /**
   * A read committed transaction of several statements: all of it, or nothing. `work` may run several times, and uses its own `statement` only: with all connections taken, another one
   * would wait for itself. Rejects as `write` does.
   */
  transaction<T>(o: Patience, work: (statement: Statement) => Promise<T>, fence?: Fence): Promise<T>;
  /**
   * Calls back when somebody has notified the channel, and with `undefined` when the connection that listens has been made (anew), since what came before it was missed. Behind a pooler nobody can
   * listen, and it never calls back. Returns the unsubscriber.
   */
  listen(channel: string, onNotify: OnNotify): () => void;
}

/**
 * The scope whose commits in flight must have ended before the outcome of a lost one is called unknown: what is read then is final. Holds as far as the server can be reached within
 * a few seconds.
 */
export interface Fence {
  readonly fence: number;
}

export interface Locks {
  /** Held shared by every commit, exclusively by one that checks a range. */
  readonly scope: number;
  /** Held by who appends or erases. */
  readonly log: number;
  /** Held by who changes the layout or the lineage; its second number is 0. */
  readonly migration: number;
  /** Held shared by each connection that listens; its second number is 0. */
  readonly listening: number;
}

/**
 * How long, in milliseconds, a write whose answer was lost may wait for what is in flight to end: to its deadline, but not for ever, and a little longer where the deadline is what it met.
 */
const fencePatience = { least: 600, most: 5_000 };

/** Every user may end backends of its own. Waits until it is gone, which it may be already. */
const endBackend = `
  select pg_terminate_backend(pid, $3::int8) from pg_stat_activity
  where pid = $1::int4 and extract(epoch from backend_start)::text = $2`;

export interface ConnectionOptions {
  readonly pool: Pool;
  readonly schema: string;
  readonly place: string;
  readonly locks: Locks;
  readonly listener: Listener;
}

export function createConnection({ pool, schema, place, locks, listener }: ConnectionOptions): Connection {
  const attempting = (doing: string): string => `${doing} ${place}`;

  /** Afterwards nothing of the lost write runs any more: its backend is gone, or whoever writes in the scope has ended. */
  const waitFor = async ({ backend }: Unanswered, { fence: scope }: Fence, { deadline }: Patience): Promise<void> => {
    const now = performance.now();
    const o = { deadline: Math.max(now + fencePatience.least, Math.min(deadline, now + fencePatience.most)) };
    if (backend !== undefined) {
      await pool.run(o, "read", endBackend, [backend.pid, backend.startedAt, fencePatience.least]);
    }
    // A single statement is a transaction: the lock is gone when it answers.
    await pool.run(o, "read", "select 1 from pg_advisory_xact_lock($1::int4, $2::int4)", [locks.scope, scope]);
  };

  /** What to reject with. */
  const settle = async (
    error: unknown,
    doing: string,
    o: Patience,
    fence: Fence | undefined,
  ): Promise<PersistError> => {
    if (error instanceof Unanswered && fence !== undefined) await waitFor(error, fence, o).catch(() => {});
    return toPersistError(error, attempting(doing));
  };

  /** Again and again while it only is in the way of others. */
  const patiently = async <T>(
    o: Patience,
    doing: string,
    fence: Fence | undefined,
    attempt: () => Promise<T>,
  ): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (isElsewhere(error)) await follow(connection, o);
        else if (!isCollision(error) || !(await pauseBefore(tries, o))) throw await settle(error, doing, o, fence);
      }
    }
  };

  const transact = async <T>(link: Borrowed, work: (statement: Statement) => Promise<T>): Promise<T> => {
    // Travels together with the first statement; where it fails, so does that.
    link.run("begin isolation level read committed").catch(link.spoilt);
    let failure: unknown;
    let result: T;
    try {
      result = await work(async (text, params) => {
        try {
          return await link.send("read", text, params);
        } catch (error) {
          failure ??= error;
          throw error;
        }
      });
      if (failure !== undefined) throw failure; // `work` went on regardless, but the server has rolled back
    } catch (error) {
      const cause = failure ?? error;
      // Nobody waits for it: what is sent next on this link comes after it.
      if (cause instanceof Unanswered || cause instanceof Late) link.spoilt();
      else link.run("rollback").catch(link.spoilt);
      throw definite(cause);
    }
    try {
      await link.send("write", "commit", []);
    } catch (error) {
      link.spoilt();
      throw error;
    }
    return result;
  };

  const connection: Connection = {
    schema,
    place,
    locks,
    read: async (o, text, params) => {
      for (let tries = 1; ; tries += 1) {
        try {
          return await pool.run(o, "read", text, params);
        } catch (error) {
          if (tries <= pool.max && error instanceof Unanswered && error.why === "lost") continue;
          if (isElsewhere(error)) {
            await follow(connection, o);
            continue;
          }
          throw toPersistError(definite(error), attempting("read from"));
        }
      }
    },
    write: (o, text, params, fence) => patiently(o, "write to", fence, () => pool.run(o, "write", text, params)),
    transaction: (o, work, fence) =>
      patiently(o, "write to", fence, () => pool.borrow(o, (link) => transact(link, work))),
    listen: listener.listen,
  };
  return connection;
}

/** The texts of a module's statements, written once for each schema. */
export function perSchema<T>(write: (schema: string) => T): (connection: Pick<Connection, "schema">) => T {
  const written = new Map<string, T>();
  return ({ schema }) => {
    const known = written.get(schema) ?? write(schema);
    written.set(schema, known);
    return known;
  };
}
