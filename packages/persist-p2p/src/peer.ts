/** A file's part in the network: it is started beside the store, which never waits for it, and brings links and sync engine together. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PersistError } from "@cuitty/persist-core";
import { createListeners, type Listeners } from "./listeners.ts";
import { type Network, startNetwork } from "./network/network.ts";
import type { NetworkOptions } from "./network/options.ts";
import { type NetworkRole, takeNetworkRole } from "./network-role.ts";
import type { LocalReplica } from "./replica/create-replica.ts";
import type { Link } from "./sync/link.ts";
import { createSyncer, type Syncer, type SyncPeer } from "./sync/syncer.ts";

export type PeerEvent = "peer" | "sync" | "conflict" | "clock-skew" | "degraded" | "refused";

export interface PeerOfFile {
  readonly replica: LocalReplica;
  readonly listeners: Listeners<PeerEvent>;
  /** `undefined` before it has started, and where there is none. */
  network(): Network | undefined;
  syncer(): Syncer | undefined;
  /** By peer id: all that it wrote up to this time of its own clock is here, in milliseconds since the epoch. What was once true stays true, also when its link has ended. */
  heard(): ReadonlyMap<string, number>;
  /** Why there is no network (yet). */
  whyNot(): string | undefined;
  /**
   * Resolves when the network runs.
   *
   * @throws {PersistError} UNSUPPORTED where none is wanted, UNAVAILABLE where it could not start, which is tried again, or as long as another process has it.
   */
  started(): Promise<Network>;
  stop(): Promise<void>;
}

export function createPeer(replica: LocalReplica, options: NetworkOptions | undefined): PeerOfFile {
  const listeners = createListeners<PeerEvent>();
  const stopping = new AbortController();
  let network: Network | undefined;
  let syncer: Syncer | undefined;
  let role: NetworkRole | undefined;
  let whyNot: string | undefined =
    options === undefined ? "The store was opened without discovery." : "The network is being started.";
  let ownFolder: string | undefined;
  let stopIdentifying = () => {};
  let isElsewhere = false;
  const heard = new Map<string, number>();

  const hear = (peers: readonly SyncPeer[] = []): void => {
    for (const { peer, heard: time } of peers) heard.set(peer, Math.max(time, heard.get(peer) ?? 0));
  };

  const elsewhere = Promise.withResolvers<void>();

  const isExchanging = () => syncer?.peers().some(({ inSync }) => !inSync) ?? false;

  const start = async (wanted: NetworkOptions): Promise<Network> => {
    if (wanted.folder === ":memory:") ownFolder = mkdtempSync(join(tmpdir(), "persist-p2p-"));
    const folder = ownFolder ?? wanted.folder;
    role = await takeNetworkRole(folder, {
      signal: stopping.signal,
      onWait: () => {
        whyNot = "Another process has this file's network, and exchanges for all of them.";
        isElsewhere = true;
        elsewhere.resolve();
      },
    });
    isElsewhere = false;
    if (role === undefined) throw closed();
    // While the network is loaded there is time for it. Members sign too, which they can only once they are known.
    if (wanted.members === undefined) stopIdentifying = identifyWhenIdle(replica, isExchanging);
    const started = await startNetwork({ ...wanted, folder });
    if (stopping.signal.aborted) {
      await started.stop();
      throw closed();
    }
    started.onAuthority((authority) => replica.authorize(authority));
    const engine = createSyncer({ replica });
    started.onLink((link) => engine.connect(told(link, listeners)));
    for (const event of ["degraded", "refused"] as const) started.on(event, (detail) => listeners.tell(event, detail));
    engine.on("sync", (peer) => hear([peer]));
    for (const event of ["sync", "clock-skew"] as const) {
      engine.on(event, (detail) => listeners.tell(event, detail));
    }
    if (wanted.members !== undefined) stopIdentifying = identifyWhenIdle(replica, isExchanging);
    network = started;
    syncer = engine;
    whyNot = undefined;
    return started;
  };

  let starting: Promise<Network> | undefined;
  let nextStart: NodeJS.Timeout | undefined;

  /** Again and again where it is not the options that are wrong: a port may become free, an interface may come up. */
  const keepStarting = (wanted: NetworkOptions, pause: number = firstPause): void => {
    starting = start(wanted);
    starting.then(
      () => {
        if (pause > firstPause) listeners.tell("degraded", { detail: "The network has started after all." });
      },
      (error: unknown) => {
        // Another process that has the file open may be luckier.
        stopIdentifying();
        role?.release();
        role = undefined;
        if (stopping.signal.aborted) return;
        const before = whyNot;
        whyNot = error instanceof Error ? error.message : String(error);
        if (whyNot !== before) listeners.tell("degraded", { detail: whyNot });
        if (!PersistError.is(error, "UNAVAILABLE")) return;
        nextStart = setTimeout(() => keepStarting(wanted, Math.min(longestPause, 2 * pause)), pause).unref();
      },
    );
  };
  if (options !== undefined) keepStarting(options);
  replica.onConflict((detail) => listeners.tell("conflict", detail));

  return {
    replica,
    listeners,
    network: () => network,
    syncer: () => syncer,
    heard() {
      hear(syncer?.peers());
      return heard;
    },
    whyNot: () => whyNot,

    async started() {
      if (starting !== undefined) {
        await Promise.race([starting, elsewhere.promise]);
        if (!isElsewhere) return starting;
        throw new PersistError("UNAVAILABLE", `${whyNot} Ask there: in the process that opened it first.`, {
          adapter: "p2p",
          retryable: true,
        });
      }
      throw new PersistError(
        "UNSUPPORTED",
        'This store has no network: it was opened without discovery. Open it with discovery: { method: "mdns", topic: "…" }.',
        { adapter: "p2p" },
      );
    },

    async stop() {
      stopping.abort();
      clearTimeout(nextStart);
      await starting?.catch(() => undefined);
      stopIdentifying();
      syncer?.close();
      await network?.stop();
      role?.release();
      if (ownFolder !== undefined) rmSync(ownFolder, { recursive: true, force: true });
    },
  };
}

/** After a network that could not be started, in milliseconds. */
const firstPause = 1_000;
const longestPause = 30_000;

function closed(): PersistError {
  return new PersistError("CLOSED", "The store was closed before its network had started.", { adapter: "p2p" });
}

/** The link, of whose beginning and end listeners are told. */
function told(link: Link, listeners: Listeners<PeerEvent>): Link {
  const { peer, address } = link;
  listeners.tell("peer", { peer, address, linked: true });
  return {
    ...link,
    onEnd: (listener) =>
      link.onEnd((why) => {
        listeners.tell("peer", { peer, address, linked: false });
        listener(why);
      }),
  };
}

/** After a commit, or while peers are not equal, in milliseconds: what comes and goes has the precedence. */
const idleAfter = 50;
/** For so long, in milliseconds. What waits longer would be too much at once when it is needed. */
const patience = 10_000;

/** So that what is compared with a peer is ready when it comes. Returns the end of it. */
function identifyWhenIdle(replica: LocalReplica, isExchanging: () => boolean): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isWritten = false;
  let waited = 0;
  const wait = (delay: number) => {
    timer = setTimeout(work, delay).unref();
  };
  const pause = () => {
    isWritten = false;
    waited += idleAfter;
    wait(idleAfter);
  };
  const work = () => {
    if ((isWritten || isExchanging()) && waited < patience) return pause();
    try {
      if (replica.identify()) return wait(0);
      timer = undefined;
      waited = 0;
    } catch (error) {
      if (!PersistError.is(error, "UNAVAILABLE")) throw error;
      pause(); // another process keeps the file busy
    }
  };
  pause();
  const stopListening = replica.onCommit(() => {
    isWritten = true;
    if (timer === undefined) pause();
  });
  return () => {
    stopListening();
    clearTimeout(timer);
  };
}
