/** Whether a file can live where the options say, found out before SQLite is let near it: its own answers are short, and sometimes late. */
import { accessSync, constants, existsSync, mkdirSync, type Stats, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { PersistError } from "@cuitty/persist-core";
import type { SqliteDriver } from "./driver.ts";
import { toPersistError } from "./errors.ts";

/** Makes the folders that lead to the file, and throws where the file could not be used. */
export function prepareLocation(file: string, driver: SqliteDriver): void {
  const folder = dirname(file);
  makeFolder(folder, driver);
  refuseNetworkFileSystem(folder);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats !== undefined) refuseOtherThings(file, stats);
  // SQLite opens what it may not write all the same, and complains at the first write only.
  for (const place of stats === undefined ? [folder] : [folder, file]) requireWritable(place, driver);
}

function makeFolder(folder: string, driver: SqliteDriver): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    // Node.js reports ENOENT where the file system is read-only.
    let parent = folder;
    while (!existsSync(parent)) parent = dirname(parent);
    requireWritable(parent, driver);
    throw toPersistError(error, driver, `make the folder "${folder}"`);
  }
}

function requireWritable(place: string, driver: SqliteDriver): void {
  try {
    accessSync(place, constants.W_OK);
  } catch (error) {
    throw toPersistError(error, driver, `write to "${place}"`);
  }
}

/** Throws unless the file is there. */
export function requireFile(file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new PersistError("NOT_FOUND", `There is no file "${file}".`, { adapter: "sqlite" });
  }
  refuseOtherThings(file, stats);
}

function refuseOtherThings(file: string, stats: Stats): void {
  if (stats.isFile()) return;
  const what = stats.isDirectory() ? "a folder" : "not a regular file";
  throw new PersistError(
    "INVALID_ARGUMENT",
    `"${file}" is ${what}. The option path names the database file itself${stats.isDirectory() ? `, such as "${file}/app.db"` : ""}.`,
    { adapter: "sqlite" },
  );
}

function refuseNetworkFileSystem(folder: string): void {
  if (process.platform !== "linux") return; // elsewhere the numbers mean something else
  const name = networkFileSystem(statfsSync(folder).type);
  if (name === undefined) return;
  throw new PersistError(
    "UNSUPPORTED",
    `"${folder}" is on a network file system (${name}), where SQLite's write-ahead log cannot work: its processes share memory. Choose a path on a local disk, or use an adapter for a server, such as Postgres.`,
    { adapter: "sqlite" },
  );
}

/** By the number that Linux gives it in statfs(2); `undefined` for local ones. */
export function networkFileSystem(type: number): string | undefined {
  return networkFileSystems.get(type >>> 0);
}

const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x01021997, "9P"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x73757245, "Coda"],
  [0x564c, "NCP"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x47504653, "GPFS"],
  [0x19830326, "BeeGFS"],
]);
