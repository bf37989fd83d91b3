/** A server of our own: a new cluster, or one that was left in a folder. */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findFreePort } from "./free-port.ts";
import { type Keeper, startKeeper } from "./keeper.ts";
import type { Command } from "./keeper-protocol.ts";
import type { PostgresOptions, PostgresServer } from "./postgres.ts";
import { findPostgres, majorOf, program } from "./postgres-binaries.ts";
import { outOfReach, type Unprivileged, withoutPrivileges } from "./unprivileged.ts";

const user = "persist";
/** An immediate end: the processes are gone at once, the shared memory is given back, and nothing is written. */
const ending = "SIGQUIT";

export async function startOwnPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { folder, version } = findPostgres(options.version);
  const keeper = await startKeeper("persist-postgres");
  try {
    const home = options.dir === undefined ? keeper.folder : resolve(options.dir);
    mkdirSync(home, { recursive: true });
    const { bin, identity } = bringInReach(folder, dirname(home), keeper);
    if (identity.owner !== undefined) {
      await keeper.own(identity.owner);
      chownSync(home, identity.owner.uid, identity.owner.gid);
    }
    const dir = join(home, "data");
    const cluster: Cluster = { keeper, dir, command: (name, args) => commandOf(bin, identity, name, args) };
    if (!existsSync(join(dir, "PG_VERSION"))) await makeCluster(cluster, version, options);
    return await serve(cluster, version, options);
  } catch (error) {
    await keeper.end();
    throw error;
  }
}

interface Cluster {
  readonly keeper: Keeper;
  readonly dir: string;
  command(name: string, args: readonly string[]): Command;
}

/**
 * Programs below a folder that only root may enter, on a system that has no user namespaces, are copied to where the
 * server's files are, with the libraries and all that lies beside them.
 */
function bringInReach(bin: string, parent: string, keeper: Keeper): { bin: string; identity: Unprivileged } {
  const here = withoutPrivileges(join(bin, program("postgres")), parent);
  if (here !== undefined) return { bin, identity: here };
  chmodSync(keeper.folder, 0o755);
  const copy = join(keeper.folder, "programs");
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  const copied = join(copy, basename(bin));
  const there = withoutPrivileges(join(copied, program("postgres")), parent);
  if (there === undefined) throw outOfReach(bin, parent);
  return { bin: copied, identity: there };
}

function commandOf(bin: string, { before, owner }: Unprivileged, name: string, args: readonly string[]): Command {
  const [file = "", ...rest] = [...before, join(bin, program(name)), ...args];
  const { PATH = "", SystemRoot } = process.env;
  const env = { PATH, LC_ALL: "C", TZ: "UTC", ...(SystemRoot === undefined ? {} : { SystemRoot }) };
  return { file, args: rest, env, ...(owner === undefined ? {} : { owner }) };
}

async function makeCluster({ keeper, dir, command }: Cluster, version: string, options: PostgresOptions) {
  const { locale = "C", durable = false, password } = options;
  const icu = /^icu:(.+)$/.exec(locale)?.[1];
  if (icu !== undefined && majorOf(version) < 15) {
    throw new Error(`PostgreSQL ${version} has no ICU locale as its default, as ${locale} asks for: 15 and later do`);
  }
  const secret = join(keeper.folder, `secret-${randomUUID()}`);
  if (password !== undefined) writeFileSync(secret, password);
  const { status, output } = await keeper.run(
    command("initdb", [
      ...["-D", dir, "-U", user, "--encoding=UTF8", "--no-instructions"],
      ...(icu === undefined ? [`--locale=${locale}`] : ["--locale=C", "--locale-provider=icu", `--icu-locale=${icu}`]),
      ...(password === undefined ? ["--auth=trust"] : ["--auth=scram-sha-256", `--pwfile=${secret}`]),
      ...(durable ? [] : ["--no-sync"]),
    ]),
  );
  if (status !== 0) throw new Error(`initdb of PostgreSQL ${version} failed:\n${output}`);
}

async function serve(cluster: Cluster, version: string, options: PostgresOptions): Promise<PostgresServer> {
  const { keeper, dir } = cluster;
  let port = options.port ?? (await findFreePort());
  let pid = await start(cluster, port, options).catch(async (error: unknown) => {
    // Another one took the port between the search and the start. Twice in a row is no accident.
    if (options.port !== undefined || !isTaken(error)) throw error;
    port = await findFreePort();
    return await start(cluster, port, options);
  });
  const password = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}`;

  const kill9 = async () => {
    if (keeper.ended() !== undefined) return;
    const segment = sharedMemoryOf(dir);
    await keeper.kill();
    // The system keeps what nobody removes; an orderly end would have.
    if (segment !== undefined) spawnSync("ipcrm", ["-m", segment]);
  };
  const end = async () => {
    // An orderly end only where the data are to be used again: it may take seconds.
    await (options.dir === undefined ? kill9() : keeper.stop("SIGINT"));
    await keeper.end();
  };
  let ending: Promise<void> | undefined;
  const stop = () => {
    ending ??= end();
    return ending;
  };
  return {
    url: `postgres://${user}${password}@127.0.0.1:${port}/postgres`,
    port,
    get pid() {
      return pid;
    },
    version,
    dir: dirname(dir),
    log: keeper.log,
    kill9,
    async restart() {
      await keeper.stop("SIGINT");
      pid = await start(cluster, port, options);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Answers the process's id when it takes connections. */
async function start({ keeper, dir, command }: Cluster, port: number, options: PostgresOptions): Promise<number> {
  const before = keeper.log().length;
  const { pid } = await keeper.start(command("postgres", ["-D", dir, ...settings(port, options)]), ending);
  const deadline = Date.now() + 60_000;
  for (;;) {
    const said = keeper.log().slice(before);
    if (/database system is ready to accept (read-only )?connections/.test(said)) return pid;
    const how = keeper.ended() ?? (Date.now() > deadline ? "not ready after 60 s" : undefined);
    if (how !== undefined) throw new Error(`PostgreSQL did not start (${how}):\n${keeper.log().slice(before)}`);
    await delay(10);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && /could not bind .*Address already in use/.test(error.message);
}

function settings(port: number, { durable = false, flags = {} }: PostgresOptions): readonly string[] {
  const all = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    max_connections: 200,
    shared_buffers: "32MB",
    wal_level: "logical",
    // In the folder of the data, so that nothing of a killed server stays in /dev/shm, and a small one does not matter.
    ...(process.platform === "win32" ? {} : { dynamic_shared_memory_type: "mmap" }),
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
    ...flags,
  };
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** The id of the System V segment that guards the data against a second server: at the end of line 7 of its lock file. */
function sharedMemoryOf(dir: string): string | undefined {
  const lines = readFileSync(join(dir, "postmaster.pid"), "utf8").split("\n");
  return lines[6]?.trim().split(/\s+/)[1];
}
