/** A real PgBouncer between tests and a PostgreSQL. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findProgram } from "./find-program.ts";
import { findFreePort } from "./free-port.ts";
import { type Keeper, startKeeper } from "./keeper.ts";
import { MissingServer } from "./missing-server.ts";
import { outOfReach, withoutPrivileges } from "./unprivileged.ts";

export interface PgBouncerOptions {
  /** The server behind it; all its databases can be reached. */
  readonly upstream: { readonly url: string };
  /** How long a client keeps a connection to the server: `"transaction"` gives it back after each one. */
  readonly poolMode: "session" | "transaction" | "statement";
  /** How many prepared statements it carries over from one connection to another. PgBouncer 1.21 and later. */
  readonly maxPreparedStatements?: number;
  /** Further settings, over those of its start: `{ default_pool_size: 2 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface PgBouncer {
  /** That of the upstream, through here. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** `"1.18.0"`. */
  readonly version: string;
  /** What it has printed. */
  log(): string;
  /** Ends it, without waiting for its clients. Once is enough. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Absolute path of the program, and its version.
 *
 * @throws MissingServer where this machine has none, with what to install.
 */
export function findPgBouncer(): { readonly program: string; readonly version: string } {
  const program = findProgram("pgbouncer");
  if (program === undefined) {
    throw new MissingServer("There is no pgbouncer on this machine. Install Debian's pgbouncer.");
  }
  const said = execFileSync(program, ["--version"], { encoding: "utf8" });
  return { program, version: /PgBouncer (\S+)/.exec(said)?.[1] ?? "unknown" };
}

/**
 * Starts one on 127.0.0.1, which lets in everybody under the name and password of its upstream's URL. It ends with the
 * process that started it, however that one ends, and keeps none from ending.
 *
 * @throws MissingServer where this machine has none.
 */
export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  const { program, version } = findPgBouncer();
  if (options.maxPreparedStatements !== undefined && isBefore(version, 1, 21)) {
    throw new Error(`PgBouncer ${version} carries no prepared statements over: 1.21 and later do`);
  }
  const keeper = await startKeeper("persist-pgbouncer");
  try {
    const parent = dirname(keeper.folder);
    const identity = withoutPrivileges(program, parent);
    if (identity === undefined) throw outOfReach(program, parent);
    const { before, owner } = identity;
    if (owner !== undefined) await keeper.own(owner);
    const port = await findFreePort();
    const config = join(keeper.folder, "pgbouncer.ini");
    writeFileSync(join(keeper.folder, "users.txt"), usersOf(options.upstream.url));
    writeFileSync(config, configOf(options, port, keeper.folder));
    const [file = "", ...args] = [...before, program, config];
    const env = { PATH: process.env.PATH ?? "", TZ: "UTC" };
    const { pid } = await keeper.start({ file, args, env, ...(owner === undefined ? {} : { owner }) }, "SIGTERM");
    await untilItListens(keeper);
    const url = new URL(options.upstream.url);
    url.hostname = "127.0.0.1";
    url.port = String(port);
    const stop = () => keeper.end();
    return { url: url.href, port, pid, version, log: keeper.log, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await keeper.end();
    throw error;
  }
}

function configOf(
  { upstream, poolMode, maxPreparedStatements, settings }: PgBouncerOptions,
  port: number,
  folder: string,
) {
  const { hostname, port: upstreamPort } = new URL(upstream.url);
  const all = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    auth_type: "trust",
    auth_file: join(folder, "users.txt"),
    pool_mode: poolMode,
    max_client_conn: 1000,
    default_pool_size: 20,
    // Drivers set it, and it does not matter to those behind them.
    ignore_startup_parameters: "extra_float_digits",
    ...(maxPreparedStatements === undefined ? {} : { max_prepared_statements: maxPreparedStatements }),
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  return ["[databases]", `* = host=${hostname} port=${upstreamPort || 5432}`, "[pgbouncer]", ...lines, ""].join("\n");
}

/** The one user of the upstream, with the password that PgBouncer needs to enter there. */
function usersOf(url: string): string {
  const { username, password } = new URL(url);
  const quoted = (text: string) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  return `${quoted(username)} ${quoted(password)}\n`;
}

async function untilItListens(keeper: Keeper): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!/process up: PgBouncer/.test(keeper.log())) {
    const how = keeper.ended() ?? (Date.now() > deadline ? "not ready after 30 s" : undefined);
    if (how !== undefined) throw new Error(`PgBouncer did not start (${how}):\n${keeper.log()}`);
    await delay(10);
  }
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [ofMajor = 0, ofMinor = 0] = version.split(".").map(Number);
  return ofMajor < major || (ofMajor === major && ofMinor < minor);
}
