// SQLite through a driver that does something else than it is told.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PersistAdapter } from "@cuitty/persist-core";
import type { SqliteDriver, SqliteValue } from "@cuitty/persist-sqlite";
import { betterSqlite3, sqlite } from "@cuitty/persist-sqlite/adapter";
import type { Harness } from "@cuitty/persist-testkit";
import type { Mutant } from "./mutant.ts";

interface Twist {
  /** The statement instead of this one. */
  sql?(sql: string): string;
  /** The parameter instead of this one. */
  param?(value: SqliteValue): SqliteValue;
}

function sqliteMutant(name: string, clauses: readonly string[], twist: Twist): Mutant {
  return { name, base: "sqlite", clauses, create: () => harnessOver(name, twisted(twist)) };
}

function twisted({ sql: toSql = (sql) => sql, param = (value) => value }: Twist): SqliteDriver {
  const twistedParam = (one: unknown) =>
    typeof one === "object" && one !== null && !(one instanceof Uint8Array)
      ? Object.fromEntries(Object.entries(one).map(([name, value]) => [name, param(value as SqliteValue)]))
      : param(one as SqliteValue);
  return {
    ...betterSqlite3,
    async open(path, options) {
      const db = await betterSqlite3.open(path, options);
      return {
        ...db,
        exec: (sql) => db.exec(toSql(sql)),
        prepare(sql) {
          const statement = db.prepare(toSql(sql));
          return {
            run: (...params) => statement.run(...(params.map(twistedParam) as SqliteValue[])),
            get: (...params) => statement.get(...(params.map(twistedParam) as SqliteValue[])),
            all: (...params) => statement.all(...(params.map(twistedParam) as SqliteValue[])),
          };
        },
      };
    },
  };
}

function harnessOver(name: string, driver: SqliteDriver): Harness {
  const folders = new Map<string, string>();
  const opened = new Map<string, PersistAdapter[]>();
  return {
    name,
    async open(id) {
      const folder = folders.get(id) ?? mkdtempSync(join(tmpdir(), "persist-mutant-"));
      folders.set(id, folder);
      const adapter = await sqlite({ path: join(folder, "a.db"), durability: "relaxed", driver });
      opened.set(id, [...(opened.get(id) ?? []), adapter]);
      return adapter;
    },
    async destroy(id) {
      for (const adapter of opened.get(id) ?? []) await adapter.close?.();
      rmSync(folders.get(id) ?? "", { recursive: true, force: true });
    },
  };
}

export const sqliteDrivers: readonly Mutant[] = [
  sqliteMutant("compares keys without regard to case", ["K-key-distinct-case", "K-order-case-kv-list"], {
    sql: (sql) => sql.replaceAll("key text not null", "key text not null collate nocase"),
  }),
  sqliteMutant("compares keys without regard to trailing spaces", ["K-key-distinct-trailing-space"], {
    sql: (sql) => sql.replaceAll("key text not null", "key text not null collate rtrim"),
  }),
  sqliteMutant("rolls back where it should commit", ["K-kv-set-many", "K-kv-delete"], {
    sql: (sql) => (sql === "commit" ? "rollback" : sql),
  }),
  sqliteMutant("inserts, and leaves what is there", ["K-kv-replace", "K-records-replace"], {
    sql: (sql) => sql.replace(/do update set[\s\S]*?(?=returning|$)/, "do nothing "),
  }),
  sqliteMutant("keeps of a number what fits into 32 bits", ["K-expiry-ttl-7d", "K-records-times"], {
    param: (value) => (typeof value === "number" && Number.isInteger(value) ? value | 0 : value),
  }),
];
