/**
 * SQLite as it comes with Node.js (22.14 or later; backups need 22.16): nothing to install, and nothing native to load.
 *
 * ```ts
 * import { createStore } from "@cuitty/persist";
 * import { nodeSqlite } from "@cuitty/persist-sqlite/node-sqlite";
 *
 * await using store = await createStore({ name: "app", driver: nodeSqlite });
 * ```
 */
import * as sqlite from "node:sqlite";
import { PersistError } from "@cuitty/persist-core";
import type { SqliteDriver, SqliteStatement } from "../driver.ts";

export const nodeSqlite: SqliteDriver = {
  name: "node:sqlite",

  open(path, { readOnly }) {
    const db = new sqlite.DatabaseSync(path, { readOnly });
    return {
      raw: db,
      exec: (sql) => db.exec(sql),
      prepare: (sql) => db.prepare(sql) as SqliteStatement,
      async copyTo(target) {
        if (typeof sqlite.backup !== "function") {
          throw new PersistError(
            "UNSUPPORTED",
            `node:sqlite cannot copy a file before Node.js 22.16; this is ${process.version}.`,
          );
        }
        await sqlite.backup(db, target);
      },
      close: () => db.close(),
    };
  },

  resultCode(error) {
    if (!(error instanceof Error) || !("errcode" in error)) return undefined;
    // The low byte of an extended code is the primary one.
    return typeof error.errcode === "number" ? resultCodes[error.errcode & 0xff] : undefined;
  },
};

/** By number, from sqlite.org/rescode.html. */
const resultCodes: readonly string[] = [
  "SQLITE_OK",
  "SQLITE_ERROR",
  "SQLITE_INTERNAL",
  "SQLITE_PERM",
  "SQLITE_ABORT",
  "SQLITE_BUSY",
  "SQLITE_LOCKED",
  "SQLITE_NOMEM",
  "SQLITE_READONLY",
  "SQLITE_INTERRUPT",
  "SQLITE_IOERR",
  "SQLITE_CORRUPT",
  "SQLITE_NOTFOUND",
  "SQLITE_FULL",
  "SQLITE_CANTOPEN",
  "SQLITE_PROTOCOL",
  "SQLITE_EMPTY",
  "SQLITE_SCHEMA",
  "SQLITE_TOOBIG",
  "SQLITE_CONSTRAINT",
  "SQLITE_MISMATCH",
  "SQLITE_MISUSE",
  "SQLITE_NOLFS",
  "SQLITE_AUTH",
  "SQLITE_FORMAT",
  "SQLITE_RANGE",
  "SQLITE_NOTADB",
];
