/** Whom libp2p lets connect at all, before anybody has proved anything. */
import type { ConnectionGater, MultiaddrConnection } from "@libp2p/interface";
import { ipOf, isPrivateAddress } from "./addresses.ts";

export interface DoorkeeperOptions {
  /** Whether only loopback and private addresses are taken. */
  isPrivateOnly(): boolean;
  isBanned(peer: string): boolean;
}

export interface Doorkeeper {
  readonly gater: ConnectionGater;
  /** The address has shown a member: its other connections do not count as a stranger's. */
  trust(address: string): void;
}

/** Connections from one address that have not become links yet. */
const mostStrangers = 16;

export function createDoorkeeper(o: DoorkeeperOptions): Doorkeeper {
  const strangers = new Map<string, Set<MultiaddrConnection>>();

  function admit(connection: MultiaddrConnection): boolean {
    const address = connection.remoteAddr.toString();
    if (o.isPrivateOnly() && !isPrivateAddress(address)) return false;
    const host = ipOf(address)?.host;
    if (host === undefined) return true;
    const pending = strangers.get(host) ?? new Set();
    if (pending.size >= mostStrangers) return false;
    pending.add(connection);
    strangers.set(host, pending);
    connection.addEventListener("close", () => {
      pending.delete(connection);
      if (pending.size === 0 && strangers.get(host) === pending) strangers.delete(host);
    });
    return true;
  }

  return {
    gater: {
      denyInboundConnection: (connection) => !admit(connection),
      denyDialMultiaddr: (address) => o.isPrivateOnly() && !isPrivateAddress(address.toString()),
      denyInboundEncryptedConnection: (peer) => o.isBanned(peer.toString()),
      denyDialPeer: (peer) => o.isBanned(peer.toString()),
    },
    trust(address) {
      // A connection's own address has the peer's id at its end.
      const place = address.replace(/\/p2p\/[A-Za-z0-9]+$/, "");
      const pending = strangers.get(ipOf(place)?.host ?? "") ?? new Set();
      for (const connection of pending) if (connection.remoteAddr.toString() === place) pending.delete(connection);
    },
  };
}
