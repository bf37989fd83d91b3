/** From a path to a connection: the file is checked, made where it is missing, brought to the present layout and set to the durability that was asked for. */
import { resolve } from "node:path";
import { PersistError } from "@cuitty/persist-core";
import { busyTimeout, patiently } from "./busy.ts";
import { type Connection, createConnection } from "./connection.ts";
import { betterSqlite3, type SqliteDatabase, type SqliteDriver } from "./driver.ts";
import { toPersistError } from "./errors.ts";
import { prepareLocation } from "./location.ts";
import { memoryPath } from "./options.ts";
import { checkLayout, migrate } from "./schema.ts";

/** How long opening may wait for other processes, in milliseconds: less than `createStore` waits, which would not know what for. */
export const patience = 25_000;

export interface OpenOptions {
  readonly path: string;
  readonly durability: "full" | "relaxed";
  readonly driver?: SqliteDriver | undefined;
  /** Of an engine that stands on this one. */
  readonly own?: OwnTables | undefined;
}

/** What an engine that stands on this one keeps in the same file. */
export interface OwnTables {
  /** Makes the tables where they are missing. */
  readonly schema: string;
  /** Those that have a column `seq`, with an index, for numbers of the same sequence. */
  readonly sequenced: readonly string[];
}

export async function open({ path, durability, driver = betterSqlite3, own }: OpenOptions): Promise<Connection> {
  const inMemory = path === memoryPath;
  const file = inMemory ? path : resolve(path);
  if (!inMemory) prepareLocation(file, driver);
  const db = await openDatabase(file, driver, { readOnly: false });
  try {
    const o = { deadline: performance.now() + patience };
    await patiently(
      driver,
      o,
      () => `open "${file}"`,
      () => {
        prepare(db, file, inMemory ? "memory" : durability);
        if (own === undefined) refuseReplicated(db, file);
        else db.exec(own.schema);
      },
    );
    return createConnection(db, driver, file, inMemory ? "memory" : durability, own?.sequenced);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The bare database, with what every connection of ours needs. */
export async function openDatabase(
  file: string,
  driver: SqliteDriver,
  options: { readOnly: boolean },
): Promise<SqliteDatabase> {
  try {
    const db = await driver.open(file, options);
    // A file may come from anywhere: its schema may not call functions with side effects, and its pages are checked as they are read.
    db.exec(`pragma busy_timeout = ${busyTimeout}; pragma trusted_schema = off; pragma cell_size_check = on`);
    return db;
  } catch (error) {
    throw toPersistError(error, driver, `open "${file}"`);
  }
}

/** May run again from the start where the file was busy. */
function prepare(db: SqliteDatabase, file: string, durability: Connection["durability"]): void {
  checkLayout(db, file); // first of all: a file that is not ours is left as it is
  if (durability !== "memory") {
    setWriteAheadLog(db, file);
    setDurability(db, file, durability);
  }
  migrate(db, file);
}

/** What is written by this adapter would never reach the peers of such a file, and be lost to what they write. */
function refuseReplicated(db: SqliteDatabase, file: string): void {
  if (db.prepare("select 1 from persist where key = 'replica_id'").get() === undefined) return;
  throw new PersistError(
    "INVALID_ARGUMENT",
    `"${file}" is replicated by peers. Open it with adapter: "p2p", or copy what is in it to another file with copyTo.`,
    { adapter: "sqlite" },
  );
}

function setWriteAheadLog(db: SqliteDatabase, file: string): void {
  const { journal_mode } = db.prepare("pragma journal_mode = wal").get() as { journal_mode: string };
  if (journal_mode !== "wal") {
    throw new PersistError(
      "UNSUPPORTED",
      `"${file}" cannot have a write-ahead log (SQLite keeps the journal mode "${journal_mode}"): this place has no shared memory. Choose a path on a local disk.`,
      { adapter: "sqlite" },
    );
  }
  // A large blob leaves a long log; it is cut to this once its contents are in the database.
  db.exec("pragma journal_size_limit = 67108864");
}

function setDurability(db: SqliteDatabase, file: string, durability: "full" | "relaxed"): void {
  const level = durability === "full" ? 2 : 1;
  // Never left to the default, which bindings set as they like: better-sqlite3 is built with NORMAL for write-ahead logs.
  db.exec(`pragma synchronous = ${level}`);
  // On macOS an ordinary fsync leaves the data in the drive's own cache.
  if (durability === "full" && process.platform === "darwin")
    db.exec("pragma fullfsync = on; pragma checkpoint_fullfsync = on");
  const { synchronous } = db.prepare("pragma synchronous").get() as { synchronous: number };
  if (synchronous !== level) {
    throw new PersistError(
      "UNSUPPORTED",
      `"${file}" cannot be opened with durability "${durability}": SQLite stays at synchronous = ${synchronous}.`,
      { adapter: "sqlite" },
    );
  }
}
