/** A copy of a file that is in use. */
import { randomUUID } from "node:crypto";
import { type FileHandle, open as openFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { betterSqlite3, type SqliteDriver } from "./driver.ts";
import { toPersistError } from "./errors.ts";
import { requireFile } from "./location.ts";
import { openDatabase } from "./open.ts";
import { checkLayout } from "./schema.ts";

/**
 * Copies the store's file as it is at this moment, while others go on writing it. The copy is a complete file of its own; it appears at `target`, where nothing may be
 * yet, once it is whole and on the disk. While it is made, the write-ahead log of the original cannot be emptied.
 *
 * `driver` must be the one that stores of this process have the file open with: two SQLite libraries in one process do not respect each other's locks.
 */
export async function backup(path: string, target: string, driver: SqliteDriver = betterSqlite3): Promise<void> {
  requireFile(path);
  const partial = `${target}.${randomUUID()}.partial`;
  const doing = `back up "${path}" to "${target}"`;
  try {
    // Takes the name: two backups to one target must not both succeed.
    await (await openFile(target, "wx")).close();
  } catch (error) {
    throw toPersistError(error, driver, doing);
  }
  try {
    await copy(path, partial, driver);
    await sync(partial);
    await rename(partial, target);
    if (process.platform !== "win32") await sync(dirname(target)); // Windows has no handles of folders
  } catch (error) {
    await Promise.all([rm(partial, { force: true }), rm(target, { force: true })]);
    throw toPersistError(error, driver, doing);
  }
}

async function copy(path: string, target: string, driver: SqliteDriver): Promise<void> {
  const db = await openDatabase(path, driver, { readOnly: true });
  try {
    // A read transaction that lasts until the end: the copy is of this one state, and writers do not make it start again.
    db.exec("begin");
    checkLayout(db, path);
    await db.copyTo(target);
  } finally {
    db.close();
  }
}

async function sync(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(path, "r");
    await handle.sync();
  } finally {
    await handle?.close();
  }
}
