/**
 * What Persist needs of SQLite: four verbs, all synchronous, because a transaction must never wait for the event loop. Any binding that can do this can stand in:
 * `@cuitty/persist-sqlite/node-sqlite` does. better-sqlite3 is the default, and this is the only file that imports it.
 */
import { PersistError } from "@cuitty/persist-core";

export type SqliteValue = null | number | string | Uint8Array;

/** In order; and before those, where there are any, the named ones, without their colons. */
export type SqliteParams = SqliteValue[] | [named: Readonly<Record<string, SqliteValue>>, ...SqliteValue[]];

export interface SqliteDriver {
  readonly name: string;
  /** Opens the file, making it where it is missing, unless `readOnly`. Reads and writes nothing yet. */
  open(path: string, options: { readOnly: boolean }): SqliteDatabase | Promise<SqliteDatabase>;
  /** SQLite's primary result code of an error that the driver threw, such as `SQLITE_FULL`; `undefined` where it is not SQLite's. */
  resultCode(error: unknown): string | undefined;
}

export interface SqliteDatabase {
  /** Runs statements that return nothing. */
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  /** Copies the database to a new file, a few pages at a time, so that the event loop goes on meanwhile. */
  copyTo(path: string): Promise<void>;
  close(): void;
  /** The binding's own object, for `store.raw()`. */
  readonly raw: unknown;
}

export interface SqliteStatement {
  run(...params: SqliteParams): { readonly changes: number | bigint };
  /** The first row as an object of its columns. */
  get(...params: SqliteValue[]): unknown;
  all(...params: SqliteValue[]): unknown[];
}

export const betterSqlite3: SqliteDriver = {
  name: "better-sqlite3",

  async open(path, { readOnly }) {
    // Loading the binding with an older Node-API would not throw but kill the process.
    if (Number(process.versions.napi) < 10) {
      throw new PersistError(
        "UNSUPPORTED",
        `better-sqlite3 needs Node.js 22.14 or later; this is ${process.version}. Upgrade Node.js.`,
      );
    }
    const { default: Database } = await import("better-sqlite3");
    try {
      const db = new Database(path, { readonly: readOnly });
      return {
        raw: db,
        exec: (sql) => void db.exec(sql),
        prepare: (sql) => db.prepare<unknown[]>(sql),
        copyTo: async (target) => void (await db.backup(target)),
        close: () => void db.close(),
      };
    } catch (cause) {
      if (betterSqlite3.resultCode(cause) !== undefined) throw cause;
      throw new PersistError(
        "UNSUPPORTED",
        `better-sqlite3 cannot be loaded on this platform (${process.platform}-${process.arch}). Pass another driver: import { nodeSqlite } from "@cuitty/persist-sqlite/node-sqlite".`,
        { cause },
      );
    }
  },

  resultCode(error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // Extended codes follow the primary one: SQLITE_BUSY_SNAPSHOT.
    return typeof code === "string" ? /^SQLITE_[A-Z]+/.exec(code)?.[0] : undefined;
  },
};
