/** What `store.raw()` gives, and by which {@link p2p} finds the peer of a store. */
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { PeerOfFile } from "./peer.ts";

export interface P2pDriver {
  /** The libp2p node; `undefined` while the network is not running. */
  readonly node: unknown;
  /** The better-sqlite3 database. What is written by it is not replicated. */
  readonly database: unknown;
}

export interface StoreOfPeer {
  readonly peer: PeerOfFile;
  readonly connection: Connection;
  readonly namespace: string;
}

const stores = new WeakMap<object, StoreOfPeer>();

export function announce(peer: PeerOfFile, connection: Connection, namespace: string): P2pDriver {
  const driver: P2pDriver = {
    get node() {
      return peer.network()?.node;
    },
    database: connection.db.raw,
  };
  stores.set(driver, { peer, connection, namespace });
  return driver;
}

export function storeOf(driver: unknown): StoreOfPeer | undefined {
  return typeof driver === "object" && driver !== null ? stores.get(driver) : undefined;
}
