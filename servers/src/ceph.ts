/** A real Ceph with its gateway for S3: a monitor, a store of objects and the gateway, on this machine. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type CephPlace, cephConfig } from "./ceph-config.ts";
import { type CephProgram, type CephPrograms, findCeph } from "./ceph-programs.ts";
import { findFreePort } from "./free-port.ts";
import { type Keeper, startKeeper } from "./keeper.ts";
import type { Command } from "./keeper-protocol.ts";

export interface CephServer {
  /** `"http://127.0.0.1:…"`; buckets are part of the path. */
  readonly endpoint: string;
  /** It takes requests that are signed for any region. */
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** `"16.2.15"`. */
  readonly version: string;
  /** Of the three daemons; others after {@link restart}. */
  readonly pids: readonly number[];
  /** Absolute paths of the folders with its data. */
  readonly folders: readonly string[];
  /** What its daemons have printed, over all their starts. */
  log(): string;
  /** Kills all daemons at once, as a power cut of the machine does to its processes. They are gone when this resolves. */
  kill9(): Promise<void>;
  /** Starts them again with the same data and on the same port, after a crash or, where they run, after an orderly stop. */
  restart(): Promise<void>;
  /** Ends it, and removes its data. Once is enough. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Cluster {
  /** In the order in which they start. */
  readonly keepers: { readonly mon: Keeper; readonly osd: Keeper; readonly rgw: Keeper };
  readonly programs: CephPrograms;
  readonly config: string;
  readonly endpoint: string;
  readonly credentials: CephServer["credentials"];
}

/** How long a start may take: after a crash the gateway waits until the store is itself again. */
const patience = 180_000;

/**
 * Starts one on 127.0.0.1, in some seconds. It ends with the process that started it, however that one ends, and keeps
 * none from ending.
 *
 * @throws MissingServer where this machine has no Ceph.
 */
export async function startCeph(): Promise<CephServer> {
  const programs = findCeph();
  try {
    return await startOn(programs);
  } catch (error) {
    // Another one took a port between the search and the start. Twice in a row is no accident.
    if (!/address already in use|unable to bind/i.test(String(error))) throw error;
    return await startOn(programs);
  }
}

async function startOn(programs: CephPrograms): Promise<CephServer> {
  const [mon, osd, rgw] = await Promise.all(
    ["mon", "osd", "rgw"].map((name) => startKeeper(`persist-ceph-${name}`)) as [
      Promise<Keeper>,
      Promise<Keeper>,
      Promise<Keeper>,
    ],
  );
  const end = () => Promise.all([mon, osd, rgw].map((keeper) => keeper.end()));
  try {
    const place: CephPlace = {
      folders: { mon: mon.folder, osd: osd.folder, rgw: rgw.folder },
      ports: { gateway: await findFreePort(), monitor: await findFreePort() },
      id: randomUUID(),
    };
    const config = join(mon.folder, "ceph.conf");
    writeFileSync(config, cephConfig(place));
    const secretAccessKey = randomBytes(20).toString("hex");
    const cluster: Cluster = {
      keepers: { mon, osd, rgw },
      programs,
      config,
      endpoint: `http://127.0.0.1:${place.ports.gateway}`,
      credentials: { accessKeyId: "persist", secretAccessKey },
    };
    return await serve(cluster, await make(cluster, place), async () => void (await end()));
  } catch (error) {
    await end();
    throw error;
  }
}

/** Makes the cluster, and starts its daemons on the way: each needs the ones before. */
async function make(cluster: Cluster, { folders, ports, id }: CephPlace): Promise<number[]> {
  const { mon, osd } = cluster.keepers;
  const { accessKeyId, secretAccessKey } = cluster.credentials;
  const keyring = join(folders.mon, "keyring");
  const monmap = join(folders.mon, "monmap");
  const key = (name: string, ...caps: string[]) =>
    run(cluster, mon, "ceph-authtool", [keyring, "--gen-key", "-n", name, ...caps]);
  const may = (daemon: string, what: string) => ["--cap", daemon, what];

  await run(cluster, mon, "ceph-authtool", [keyring, "--create-keyring"]);
  await key("mon.", ...may("mon", "allow *"));
  await key("client.admin", ...may("mon", "allow *"), ...may("osd", "allow *"));
  await key("client.rgw.a", ...may("mon", "allow *"), ...may("osd", "allow *"));
  await key("osd.0", ...may("mon", "allow profile osd"), ...may("osd", "allow *"));
  const address = `[v2:127.0.0.1:${ports.monitor}]`;
  await run(cluster, mon, "monmaptool", ["--create", "--fsid", id, "--addv", "a", address, monmap]);
  await run(cluster, mon, "ceph-mon", ["--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring]);
  const pids = [await startDaemon(cluster, "mon")];

  const osdId = randomUUID();
  await run(cluster, mon, "ceph", ["--connect-timeout", "60", "osd", "new", osdId, "0"]);
  mkdirSync(join(folders.osd, "data"));
  await run(cluster, osd, "ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", osdId]);
  pids.push(await startDaemon(cluster, "osd"));

  // Waits by itself until there is a store.
  const user = [
    "--uid=persist",
    "--display-name=persist",
    `--access-key=${accessKeyId}`,
    `--secret=${secretAccessKey}`,
  ];
  await run(cluster, mon, "radosgw-admin", ["-n", "client.rgw.a", "user", "create", ...user]);
  pids.push(await startDaemon(cluster, "rgw"));
  await untilItAnswers(cluster);
  return pids;
}

function serve(cluster: Cluster, started: number[], end: () => Promise<void>): CephServer {
  const { keepers, endpoint, credentials, programs } = cluster;
  const { mon, osd, rgw } = keepers;
  const all = [mon, osd, rgw];
  let pids = started;

  const kill9 = async () => {
    await Promise.all(all.map((keeper) => keeper.kill()));
  };
  let ending: Promise<void> | undefined;
  const stop = () => {
    // Nothing is to be used again, so nothing has to be written.
    ending ??= kill9().then(end);
    return ending;
  };
  return {
    endpoint,
    region: "us-east-1",
    credentials,
    version: programs.version,
    get pids() {
      return pids;
    },
    folders: all.map(({ folder }) => folder),
    log: () => all.map((keeper) => keeper.log()).join(""),
    kill9,
    async restart() {
      for (const keeper of [rgw, osd, mon]) await keeper.stop("SIGTERM");
      pids = [];
      for (const name of ["mon", "osd", "rgw"] as const) pids.push(await startDaemon(cluster, name));
      await untilItAnswers(cluster);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const daemons = {
  mon: ["ceph-mon", "-f", "-i", "a"],
  osd: ["ceph-osd", "-f", "-i", "0"],
  rgw: ["radosgw", "-f", "-n", "client.rgw.a"],
} as const;

async function startDaemon(cluster: Cluster, name: keyof typeof daemons): Promise<number> {
  const [program, ...args] = daemons[name];
  const { pid } = await cluster.keepers[name].start(commandOf(cluster, program, args), "SIGKILL");
  return pid;
}

/** @throws Error with what it printed, where it fails. */
async function run(cluster: Cluster, keeper: Keeper, program: CephProgram, args: readonly string[]): Promise<void> {
  const { status, output } = await keeper.run(commandOf(cluster, program, args));
  if (status === 0) return;
  const { mon, osd } = cluster.keepers;
  throw new Error(`${program} failed:\n${output}\n${tail(mon.log())}\n${tail(osd.log())}`);
}

function commandOf({ programs, config }: Cluster, program: CephProgram, args: readonly string[]): Command {
  const { PATH = "" } = process.env;
  const isTool = program === "ceph-authtool" || program === "monmaptool";
  const file = programs.paths[program];
  return { file, args: [...(isTool ? [] : ["--conf", config]), ...args], env: { PATH, LC_ALL: "C.UTF-8", TZ: "UTC" } };
}

async function untilItAnswers({ endpoint, keepers }: Cluster): Promise<void> {
  const deadline = Date.now() + patience;
  const asked = () => fetch(endpoint).then(({ body, status }) => body?.cancel().then(() => status < 500));
  while (!(await asked().catch(() => false))) {
    const late = Date.now() > deadline ? `not ready after ${patience / 1000} s` : undefined;
    for (const [name, keeper] of Object.entries(keepers)) {
      const how = keeper.ended() ?? late;
      if (how !== undefined) throw new Error(`Ceph did not start (${name}: ${how}):\n${tail(keeper.log())}`);
    }
    await delay(50);
  }
}

/** A daemon that crashes tells its last ten thousand steps. */
const tail = (log: string) => log.slice(-4000);
