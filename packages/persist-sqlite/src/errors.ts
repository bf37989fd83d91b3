/** Which error of SQLite, or of the file system below it, means what. */
import { type ErrorCode, PersistError } from "@cuitty/persist-core";
import type { SqliteDriver } from "./driver.ts";

interface Meaning {
  readonly code: ErrorCode;
  /** What is the matter and what to do, as whole sentences for people. */
  readonly reason: string;
}

const bySqlite: Readonly<Record<string, Meaning>> = {
  SQLITE_BUSY: { code: "UNAVAILABLE", reason: "Another process holds its lock. Try again later." },
  SQLITE_LOCKED: { code: "UNAVAILABLE", reason: "Another connection holds its lock. Try again later." },
  SQLITE_FULL: { code: "NO_SPACE", reason: "The disk is full. Free some space." },
  SQLITE_READONLY: {
    code: "DENIED",
    reason: "It cannot be written. Check the permissions of the file and of its folder.",
  },
  SQLITE_PERM: { code: "DENIED", reason: "Access is denied. Check the permissions of the file and of its folder." },
  SQLITE_AUTH: { code: "DENIED", reason: "Access is denied." },
  SQLITE_CANTOPEN: {
    code: "UNAVAILABLE",
    reason:
      "The file, or one of those beside it (-wal, -shm), cannot be opened. Check that all of them are accessible.",
  },
  SQLITE_IOERR: { code: "UNAVAILABLE", reason: "The disk reports an error. Check the disk and its file system." },
  SQLITE_NOMEM: { code: "UNAVAILABLE", reason: "There is not enough memory." },
  SQLITE_PROTOCOL: { code: "UNAVAILABLE", reason: "The file's locks do not work. Try again later." },
  SQLITE_CORRUPT: { code: "CORRUPT", reason: "The file is damaged. Restore it from a backup." },
  SQLITE_NOTADB: { code: "CORRUPT", reason: "The file is not an SQLite database, or its first page is damaged." },
  SQLITE_FORMAT: { code: "CORRUPT", reason: "The file has a format that SQLite does not know." },
  SQLITE_TOOBIG: { code: "TOO_LARGE", reason: "The value is larger than SQLite can store." },
  SQLITE_INTERRUPT: { code: "ABORTED", reason: "It was interrupted." },
  SQLITE_NOLFS: { code: "UNSUPPORTED", reason: "The file system cannot hold a file of this size." },
};

const bySystem: Readonly<Record<string, Meaning>> = {
  ENOSPC: { code: "NO_SPACE", reason: "The disk is full. Free some space." },
  EDQUOT: { code: "NO_SPACE", reason: "The disk quota is used up. Free some space." },
  EACCES: { code: "DENIED", reason: "Permission is denied. Check the permissions of the file and of its folder." },
  EPERM: { code: "DENIED", reason: "The operation is not permitted. Check who owns the file, and its attributes." },
  EROFS: { code: "DENIED", reason: "The file system is read-only. Choose another place by the option path." },
  ENOTDIR: {
    code: "INVALID_ARGUMENT",
    reason: "A part of the path is a file and not a folder. Correct the option path.",
  },
  EEXIST: { code: "INVALID_ARGUMENT", reason: "Something of that name exists already." },
  ENOENT: { code: "NOT_FOUND", reason: "There is no such file or folder." },
  ENAMETOOLONG: {
    code: "INVALID_ARGUMENT",
    reason: "The path is too long for this file system. Choose a shorter one.",
  },
  ELOOP: {
    code: "INVALID_ARGUMENT",
    reason: "The path goes in circles through symbolic links. Correct the option path.",
  },
};

/** COMMIT itself failed in a way that leaves open whether the transaction is in the file. The driver's error is its cause. */
export class UncertainCommit extends Error {
  constructor(cause: unknown) {
    super("The outcome of the commit is unknown.", { cause });
    this.name = "UncertainCommit";
  }
}

/** What the error means. `attempt` completes "Could not …", with the path in it. */
export function toPersistError(error: unknown, driver: SqliteDriver, attempt: string): PersistError {
  if (PersistError.is(error)) return error;
  if (error instanceof UncertainCommit) {
    const { code, message, cause } = toPersistError(error.cause, driver, attempt);
    return new PersistError(code, message, { adapter: "sqlite", cause, outcome: "unknown" });
  }
  const result = driver.resultCode(error);
  const system = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const meaning = bySqlite[result ?? ""] ?? (Object.hasOwn(bySystem, system) ? bySystem[system] : undefined);
  if (meaning !== undefined) {
    return new PersistError(meaning.code, `Could not ${attempt}. ${meaning.reason}`, {
      adapter: "sqlite",
      cause: error,
    });
  }
  const said = error instanceof Error ? error.message : String(error);
  return new PersistError("INTERNAL", `Could not ${attempt}: ${said}`, { adapter: "sqlite", cause: error });
}

/** Whether the attempt failed only because somebody else holds a lock. */
export function isBusy(error: unknown, driver: SqliteDriver): boolean {
  const result = driver.resultCode(error);
  return result === "SQLITE_BUSY" || result === "SQLITE_LOCKED";
}

/** Whether an error from COMMIT says for certain that nothing was committed. A failed write or sync does not: the log may hold the commit all the same. */
export function isDefinite(error: unknown, driver: SqliteDriver): boolean {
  return isBusy(error, driver) || driver.resultCode(error) === "SQLITE_FULL";
}

/** The same of a statement that commits by itself: it can also fail before it comes to that. */
export function isDefiniteAlone(error: unknown, driver: SqliteDriver): boolean {
  const result = driver.resultCode(error);
  const refused = result === undefined || ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_READONLY"].includes(result);
  return refused || isDefinite(error, driver);
}
