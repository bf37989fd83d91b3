/** Machines behind routers of their own, as at home: they reach what is in the internet, and from there only answers come in. All are namespaces of this one's kernel. */
import { execFileSync } from "node:child_process";
import { MissingServer } from "@cuitty/persist-servers";
import { onTestFinished } from "vitest";
import { findNamespaces, ip } from "./namespaces.ts";

export interface Internet {
  /** A machine that all reach. */
  readonly server: { readonly namespace: string; readonly address: string };
  /** Of one machine in each home. */
  readonly homes: readonly string[];
}

let internets = 0;

export function createInternet(homes: number): Internet {
  const name = `pi${process.pid}${internets++}`;
  const namespaces: string[] = [];
  onTestFinished(() => {
    for (const namespace of namespaces) ip("netns", "del", namespace);
  });
  const create = (what: string): string => {
    const namespace = name + what;
    namespaces.push(namespace);
    ip("netns", "add", namespace);
    ip("-n", namespace, "link", "set", "lo", "up");
    return namespace;
  };
  const hub = create("hub");
  ip("-n", hub, "link", "add", "wires", "type", "bridge");
  ip("-n", hub, "link", "set", "wires", "up");
  let ports = 0;
  const connect = (namespace: string, address: string): void => {
    const port = `port${ports++}`;
    ip("-n", namespace, "link", "add", "internet", "type", "veth", "peer", "name", port, "netns", hub);
    ip("-n", namespace, "addr", "add", `${address}/24`, "dev", "internet");
    ip("-n", namespace, "link", "set", "internet", "up");
    ip("-n", hub, "link", "set", port, "master", "wires", "up");
  };

  const server = create("server");
  connect(server, "203.0.113.1");
  const inHomes = Array.from({ length: homes }, (_, i) => {
    const [router, machine] = [create(`router${i}`), create(`home${i}`)];
    connect(router, `203.0.113.${i + 11}`);
    ip("-n", router, "link", "add", "home", "type", "veth", "peer", "name", "eth0", "netns", machine);
    for (const [namespace, device, address] of [
      [router, "home", "192.168.1.254"],
      [machine, "eth0", "192.168.1.1"],
    ] as const) {
      ip("-n", namespace, "addr", "add", `${address}/24`, "dev", device);
      ip("-n", namespace, "link", "set", device, "up");
    }
    ip("-n", machine, "route", "add", "default", "via", "192.168.1.254");
    translate(router);
    return machine;
  });
  return { server: { namespace: server, address: "203.0.113.1" }, homes: inHomes };
}

/** Throws {@link MissingServer} where a command is missing. Answers why there can be none here all the same; `undefined`: there can be. */
export function findRouters(): string | undefined {
  const forbidden = findNamespaces();
  if (forbidden !== undefined) return forbidden;
  const namespace = `persist-router-${process.pid}`;
  ip("netns", "add", namespace);
  try {
    translate(namespace);
    return undefined;
  } catch (error) {
    const why = String((error as { readonly stderr?: Buffer }).stderr).trim();
    if (why.includes(`exec of "nft" failed`))
      throw new MissingServer("routers take the command nft (Debian: nftables)");
    return `routers are forbidden here: ${why}`;
  } finally {
    ip("netns", "del", namespace);
  }
}

/** What goes out has the router's address. */
function translate(router: string): void {
  ip("netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
  const rules = `table ip home {
    chain out { type nat hook postrouting priority srcnat; oifname "internet" masquerade; }
    chain through { type filter hook forward priority filter; iifname "internet" ct state new drop; }
  }`;
  execFileSync("ip", ["netns", "exec", router, "nft", "-f", "-"], { input: rules, stdio: ["pipe", "ignore", "pipe"] });
}
