/** What a store on this adapter has beside the four facades: its peers. */
import { type Duration, PersistError, parseDuration, type Store } from "@cuitty/persist-core";
import { readFinalPosition } from "./final-position.ts";
import type { PeerEvent } from "./peer.ts";
import { type StoreOfPeer, storeOf } from "./store-handle.ts";

/** A peer that is linked with this one. */
export interface Peer {
  /** Its id in the network. */
  readonly id: string;
  /** The multiaddr over which it is linked. */
  readonly address: string;
  readonly since: Date;
  /** Each of the two has all that the other one has. */
  readonly inSync: boolean;
  /** How many commits of its are known and not read yet. */
  readonly behind?: number;
}

export interface P2p {
  peers(): readonly Peer[];
  status(): {
    /** `""` as long as the network is not running. */
    readonly id: string;
    /** Multiaddrs under which others may reach this peer. */
    readonly listening: readonly string[];
    /** The owner's public key where membership is by certificates: what `members.owner` is on all other stores. */
    readonly owner?: string;
    /** `"off"`: there is no network (yet); `detail` says why. */
    readonly discovery: "ok" | "degraded" | "off";
    readonly detail?: string;
  };
  /**
   * Resolves when the network runs. What is below waits for that as well.
   *
   * @throws {PersistError} UNSUPPORTED where the store was opened without discovery, UNAVAILABLE where it could not start, or where another process has this file's network.
   */
  started(): Promise<void>;
  /** What works, and what may keep peers from being found. Never throws. */
  diagnose(): Promise<readonly { readonly what: string; readonly ok: boolean; readonly detail: string }[]>;
  /**
   * Resolves when this store and so many linked peers (default: all there are, at least one) have the same.
   *
   * @throws {PersistError} TIMEOUT, after `timeout` (default 30 seconds).
   */
  synced(o?: { peers?: number; timeout?: Duration }): Promise<void>;
  /** A code with which one newcomer becomes a member within ten minutes, by `pair`. Whoever has it can: tell it over a channel you trust. */
  invite(): Promise<string>;
  /** Becomes a member by a code that a peer has made. */
  pair(code: string): Promise<void>;
  /** Takes the membership of a peer away, where membership is by certificates and this store is the owner's. */
  revoke(peer: string): Promise<void>;
  /**
   * The position up to which the common order of events (by their authors' clocks) is final: no event that is still unknown here comes before any of them. It moves while all members are heard of; one
   * that is silent stops it, until it is revoked.
   *
   * @throws {PersistError} UNSUPPORTED where membership is not by certificates: then somebody unknown may still come.
   */
  finalUpTo(): number;
  /**
   * `"peer"`: one was linked or has gone. `"sync"`: something was read from one. `"conflict"`: a merge left a loser in a record. `"clock-skew"`: a peer's clock is more than five minutes ahead, and what it wrote
   * is not taken. `"degraded"`: discovery does not work, or works again. `"refused"`: somebody could not prove to belong here, or broke the rules. Returns the unsubscriber.
   */
  on(event: PeerEvent, listener: (detail: unknown) => void): () => void;
}

/** @throws {PersistError} INVALID_ARGUMENT for a store on another adapter. */
export function p2p(store: Store): P2p {
  const found = storeOf(store.raw());
  if (found === undefined) {
    throw new PersistError("INVALID_ARGUMENT", 'p2p takes a store that was opened with adapter: "p2p".');
  }
  return createP2p(found);
}

function createP2p({ peer, connection, namespace }: StoreOfPeer): P2p {
  const syncPeers = () => peer.syncer()?.peers() ?? [];
  return {
    peers: () =>
      syncPeers().map(({ peer: id, address, since, inSync, behind }) => ({
        id,
        address,
        since: new Date(since),
        inSync,
        behind,
      })),

    status() {
      const network = peer.network();
      if (network === undefined) return { id: "", listening: [], discovery: "off", detail: peer.whyNot() ?? "" };
      const { id, owner } = network;
      return { id, listening: network.listening(), ...(owner === undefined ? {} : { owner }), ...network.status() };
    },

    started: async () => void (await peer.started()),

    async diagnose() {
      try {
        return await (await peer.started()).diagnose();
      } catch (error) {
        return [{ what: "network", ok: false, detail: error instanceof Error ? error.message : String(error) }];
      }
    },

    async synced({ peers, timeout = "30s" } = {}) {
      await peer.started();
      const giveUp = AbortSignal.timeout(parseDuration(timeout, "timeout"));
      try {
        await peer.syncer()?.synced({ ...(peers === undefined ? {} : { peers }), signal: giveUp });
      } catch (cause) {
        if (!giveUp.aborted) throw cause;
        const equal = syncPeers().filter(({ inSync }) => inSync).length;
        throw new PersistError(
          "TIMEOUT",
          `p2p.synced: of ${syncPeers().length} linked peers ${equal} have the same as this store; ${peers ?? "all"} were waited for. See p2p(store).diagnose().`,
          { adapter: "p2p", operation: "p2p.synced" },
        );
      }
    },

    invite: async () => (await peer.started()).invite(),
    pair: async (code) => (await peer.started()).pair(code),
    revoke: async (id) => (await peer.started()).revoke(id),
    finalUpTo: () => readFinalPosition(peer, connection, namespace),
    on: peer.listeners.on,
  };
}
