/** The store of the crash suite on peers: one whose writers are killed, and others that follow it. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createStore, type Store } from "@cuitty/persist-core";
import "@cuitty/persist-p2p";

/** Of 127.0.0.1, by the peer's name. */
export type Ports = Readonly<Record<string, number>>;

/** The peer that is written to. */
export const written = "written";
export const followers: readonly string[] = ["follower-1", "follower-2"];

export const portsFile = "ports.json";
const secret = "a secret that only the peers of one place have";

export function fileOf(location: string, peer: string): string {
  return join(location, `${peer}.db`);
}

/** Whoever is there is dialled. */
export async function openPeer(location: string, peer: string): Promise<Store> {
  const ports = JSON.parse(await readFile(join(location, portsFile), "utf8")) as Ports;
  const addresses = Object.entries(ports).map(([name, port]) => ({ name, address: `/ip4/127.0.0.1/tcp/${port}` }));
  return createStore({
    name: "crash",
    adapter: "p2p",
    path: fileOf(location, peer),
    discovery: {
      method: "static",
      topic: basename(location),
      peers: addresses.filter(({ name }) => name !== peer).map(({ address }) => address),
    },
    listen: addresses.filter(({ name }) => name === peer).map(({ address }) => address),
    secret,
  });
}
