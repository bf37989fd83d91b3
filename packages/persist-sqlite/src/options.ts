import { join } from "node:path";
import { checkName, checkOptionNames, PersistError } from "@cuitty/persist-core";
import type { SqliteDriver } from "./driver.ts";

export interface SqliteOptions {
  /**
   * The file, relative to the working folder; folders that are missing are made. Default `./.persist/<name>.db`. `":memory:"` keeps everything in this process,
   * and nothing after it.
   */
  path?: string;
  /**
   * `"full"` (default): a write that was acknowledged is synced to the disk, and survives a power cut. `"relaxed"`: it is with the operating system, and survives the
   * end of this process, but the last ones may be lost with the power, never torn; single writes are ten to twenty times as fast.
   */
  durability?: "full" | "relaxed";
  /** The binding to SQLite. Default better-sqlite3. */
  driver?: SqliteDriver;
}

/** What the factory gets: its own options, and those that `createStore` passes on. */
export interface SqliteFactoryOptions extends SqliteOptions {
  /** The store's name; names the file where there is no `path`. */
  name?: string;
  namespace?: string;
  adapter?: unknown;
  clock?: () => number;
  require?: unknown;
}

export interface ParsedOptions {
  readonly path: string;
  readonly durability: "full" | "relaxed";
  readonly driver: SqliteDriver | undefined;
}

export const memoryPath = ":memory:";

/** Throws INVALID_ARGUMENT. */
export function parseOptions(options: SqliteFactoryOptions): ParsedOptions {
  const passed = ["name", "namespace", "adapter", "clock", "require"];
  checkOptionNames("sqlite", options, ["path", "durability", "driver", ...passed]);
  const { name, durability = "full", driver } = options;
  if (name !== undefined) checkName(name, "name");
  if (durability !== "full" && durability !== "relaxed") {
    throw invalid(`The option durability must be "full" or "relaxed" (it was ${JSON.stringify(durability)}).`);
  }
  if (driver !== undefined && typeof driver?.open !== "function") {
    throw invalid(
      'The option driver must be a SqliteDriver, such as nodeSqlite of "@cuitty/persist-sqlite/node-sqlite".',
    );
  }
  return { path: parsePath(options.path, name), durability, driver };
}

function parsePath(path: unknown, name: string | undefined): string {
  if (path === undefined) {
    if (name === undefined) throw invalid("sqlite needs the option path, or the name of a store.");
    return join(".persist", `${name}.db`);
  }
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw invalid(`The option path must be the path of a file, or ":memory:" (it was ${JSON.stringify(path)}).`);
  }
  // Drivers trim it, so that another file would be opened than the one that was checked.
  if (path.trim() !== path) throw invalid(`The option path begins or ends with white space: ${JSON.stringify(path)}.`);
  return path;
}

function invalid(message: string): PersistError {
  return new PersistError("INVALID_ARGUMENT", message, { adapter: "sqlite" });
}
