/** How ours is opened. */
import { createStore, type Store } from "@cuitty/persist";
import "@cuitty/persist-p2p";
import type { Durability } from "../contender.ts";

/** Who knows it belongs to the others. */
const secret = "a secret that only the benchmark knows";
const topic = "bench";

/** With its defaults, and peers at these addresses. */
export function openReplicated(path: string, peers: readonly string[]): Promise<Store> {
  return createStore({
    name: "bench",
    adapter: "p2p",
    path,
    discovery: { method: "static", topic, peers },
    secret,
    listen: ["/ip4/127.0.0.1/tcp/0"],
  });
}

/** With nobody to meet. */
export function openAlone(path: string, durability: Durability): Promise<Store> {
  return createStore({
    name: "bench",
    adapter: "p2p",
    path,
    durability,
    discovery: { method: "static", topic },
    secret,
    listen: ["/ip4/127.0.0.1/tcp/0"],
  });
}

/** Without replication. */
export function openPlain(path: string, durability: Durability): Promise<Store> {
  return createStore({ name: "bench", adapter: "sqlite", path, durability });
}
