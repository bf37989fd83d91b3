/** Machines in a network of their own, made of namespaces of this one's kernel: a bridge, and no way out. */
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { MissingServer, mayBeMissing } from "@cuitty/persist-servers";
import { onTestFinished } from "vitest";
import type { NetworkOptions } from "../../src/network/options.ts";

export function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** Throws {@link MissingServer} where the command is missing. Answers why there can be none here all the same; `undefined`: there can be. */
export function findNamespaces(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "networks of namespaces take root on Linux";
  const name = `persist-probe-${process.pid}`;
  try {
    ip("netns", "add", name);
    ip("netns", "del", name);
    return undefined;
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { readonly stderr?: Buffer };
    if (code === "ENOENT") throw new MissingServer("networks of namespaces take the command ip (Debian: iproute2)");
    return `namespaces are forbidden here: ${String(stderr).trim()}`;
  }
}

/** Why the tests of what this looks for are left out; `""`: they are not. */
export function whyLeftOut(find: () => string | undefined): string {
  let forbidden: string | undefined;
  const missing = mayBeMissing(() => {
    forbidden = find();
  });
  if (forbidden !== undefined) console.warn(`SKIPPED: ${forbidden}`);
  return missing || forbidden || "";
}

export interface Machine {
  readonly namespace: string;
  readonly address: string;
  /** Off the network, though nobody tells it: frames go nowhere. */
  unplug(): void;
  plug(): void;
  /** A peer on it. */
  start(options: NetworkOptions): Promise<PeerProcess>;
  /** A peer of `@libp2p/mdns`, with this service tag. Answers how many it has found. */
  startUpstream(tag: string): () => number;
}

export interface PeerProcess {
  readonly id: string;
  /** Peers that it is linked to now. */
  readonly linked: ReadonlySet<string>;
}

let lans = 0;

/** So many machines at one switch, without a default route. `net`: the first three numbers of their addresses. */
export function createLan(count: number, net = "10.77.0"): readonly Machine[] {
  const lan = `pp${process.pid}${lans++}`;
  const hub = `${lan}hub`;
  const namespaces = [hub];
  onTestFinished(() => {
    for (const namespace of namespaces) ip("netns", "del", namespace);
  });
  ip("netns", "add", hub);
  for (const bridge of ["on", "off"]) {
    ip("-n", hub, "link", "add", bridge, "type", "bridge", "mcast_snooping", "0");
    ip("-n", hub, "link", "set", bridge, "up");
  }
  return Array.from({ length: count }, (_, index) => {
    const namespace = `${lan}m${index}`;
    const address = `${net}.${index + 1}`;
    const plug = `port${index}`;
    namespaces.push(namespace);
    ip("netns", "add", namespace);
    ip("-n", namespace, "link", "add", "eth0", "type", "veth", "peer", "name", plug, "netns", hub);
    ip("-n", namespace, "addr", "add", `${address}/24`, "dev", "eth0");
    ip("-n", namespace, "link", "set", "lo", "up");
    ip("-n", namespace, "link", "set", "eth0", "up");
    ip("-n", hub, "link", "set", plug, "master", "on");
    ip("-n", hub, "link", "set", plug, "up");
    return {
      namespace,
      address,
      unplug: () => ip("-n", hub, "link", "set", plug, "master", "off"),
      plug: () => ip("-n", hub, "link", "set", plug, "master", "on"),
      start: (options) => startProcess(namespace, options),
      startUpstream: (tag) => startUpstream(namespace, tag),
    };
  });
}

/** Answers its standard output. */
function run(namespace: string, script: string, argument: string): ChildProcessByStdio<null, Readable, null> {
  const file = join(import.meta.dirname, script);
  const args = ["netns", "exec", namespace, process.execPath, "--conditions=@cuitty/source", file, argument];
  const child = spawn("ip", args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill();
    await once(child, "exit");
  });
  return child;
}

function startUpstream(namespace: string, tag: string): () => number {
  let found = 0;
  createInterface(run(namespace, "upstream-mdns.ts", tag).stdout).on("line", () => found++);
  return () => found;
}

async function startProcess(namespace: string, options: NetworkOptions): Promise<PeerProcess> {
  const child = run(namespace, "peer-process.ts", JSON.stringify(options));
  const linked = new Set<string>();
  const id = Promise.withResolvers<string>();
  child.once("exit", (code) => id.reject(new Error(`the peer has ended with ${code}`)));
  createInterface(child.stdout).on("line", (line) => {
    const said = JSON.parse(line) as { readonly id?: string; readonly linked?: string; readonly ended?: string };
    if (said.id !== undefined) id.resolve(said.id);
    if (said.linked !== undefined) linked.add(said.linked);
    if (said.ended !== undefined) linked.delete(said.ended);
  });
  return { id: await id.promise, linked };
}
