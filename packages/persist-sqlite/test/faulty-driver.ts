import { betterSqlite3 } from "../src/adapter.ts";
import type { SqliteDriver, SqliteStatement } from "../src/driver.ts";

/** A fault: given the SQL of each call, throws where the call shall fail. */
export type Fault = (sql: string) => void;

/** As SQLite's own errors look in better-sqlite3. */
export function sqliteError(code: string): Error {
  return Object.assign(new Error(`simulated ${code}`), { code });
}

/** better-sqlite3 with faults: each call asks `faults.before` first and `faults.after` when it is done. */
export function faultyDriver(faults: { before?: Fault | undefined; after?: Fault | undefined }): SqliteDriver {
  const guarded = <T>(sql: string, call: () => T): T => {
    faults.before?.(sql);
    const result = call();
    faults.after?.(sql);
    return result;
  };
  return {
    ...betterSqlite3,
    async open(path, options) {
      const db = await betterSqlite3.open(path, options);
      return {
        ...db,
        exec: (sql) => guarded(sql, () => db.exec(sql)),
        prepare(sql): SqliteStatement {
          const statement = db.prepare(sql);
          return {
            run: (...params) => guarded(sql, () => statement.run(...params)),
            get: (...params) => guarded(sql, () => statement.get(...params)),
            all: (...params) => guarded(sql, () => statement.all(...params)),
          };
        },
      };
    },
  };
}
