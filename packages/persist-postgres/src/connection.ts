/** The way to the server, for everything in this package: statements, transactions, and what their failures mean. */

/** What a statement's parameters may be. Bytes go as bytea. */
export type Param = string | number | boolean | null | Uint8Array;

/** How long to wait; as in the contract's EngineOptions. */
export interface Patience {
  /** By `performance.now()`. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs one statement and answers its rows. */
export type Statement = <Row>(text: string, params: readonly Param[]) => Promise<Row[]>;

export interface Connection {
  /** The schema as it stands in SQL, quoted where it has to be. */
  readonly schema: string;
  /** As it is shown in messages: database, host and schema, never a password. */
  readonly place: string;
  /** The two advisory locks of a scope, by the first of their two numbers; the second is the scope's. */
  readonly locks: Locks;
  /** One statement that changes nothing. Run once more where a connection that was open turns out to be dead. */
  read<Row>(o: Patience, text: string, params: readonly Param[]): Promise<Row[]>;
  /**
   * One statement that is a transaction of its own. Run again where the server says that it was in the way of another (40001, 40P01). Rejects with `outcome: "unknown"` where it may have
   * happened.
   */
  write<Row>(o: Patience, text: string, params: readonly Param[], fence?: Fence): Promise<Row[]>;
  /** A read committed transaction of several statements: all of it, or nothing. `work` may run several times. Rejects as `write` does. */
  transaction<T>(o: Patience, work: (statement: Statement) => Promise<T>, fence?: Fence): Promise<T>;
}

/** The scope whose commits in flight must have ended before the outcome of a lost one is called unknown: what is read then is final. */
export interface Fence {
  readonly fence: number;
}

export interface Locks {
  /** Held shared by every commit, exclusively by one that checks a range. */
  readonly scope: number;
  /** Held by who appends or erases. */
  readonly log: number;
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
