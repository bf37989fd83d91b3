/** The sync engine: brings what is in a replica to all peers that it is connected with, and what is in theirs here. */
import { randomBytes } from "node:crypto";
import { PersistError } from "@cuitty/persist-core";
import { closure } from "./closure.ts";
import { defaultLimits, type SyncLimits } from "./limits.ts";
import type { Link } from "./link.ts";
import { type Hello, versions } from "./messages.ts";
import { createOrigins } from "./origins.ts";
import type { Peering, Shared } from "./peering.ts";
import type { Replica } from "./replica.ts";
import { type Scheduler, systemScheduler } from "./scheduler.ts";
import { createSession, type Session } from "./session.ts";
import { createTurn, type Turn } from "./turn.ts";
import { createTwins } from "./twins.ts";
import { createWaiters } from "./waiters.ts";

export interface Syncer {
  /** Takes over a link whose peer has proved membership. */
  connect(link: Link): void;
  /** Those that have introduced themselves. */
  peers(): readonly SyncPeer[];
  /**
   * Resolves when this replica is equal with at least so many connected peers: each has confirmed that it durably holds all that is here, and the other way round. Default: with all that are connected, and
   * one at least.
   *
   * @throws the signal's reason.
   * @throws {PersistError} `CLOSED`
   */
  synced(o?: { readonly peers?: number; readonly signal?: AbortSignal }): Promise<void>;
  /** Returns the unsubscriber. */
  on<K extends keyof SyncerEvents>(event: K, listener: (what: SyncerEvents[K]) => void): () => void;
  /** Ends all links. */
  close(): void;
}

export interface SyncPeer {
  /** Names its copy of the data. */
  readonly replica: string;
  /** Its identity in the network. */
  readonly peer: string;
  readonly address: string;
  /** When it connected, in milliseconds since the epoch. */
  readonly since: number;
  readonly inSync: boolean;
  /** How many of its places have not been read yet: an upper bound of how many commits. */
  readonly behind: number;
  /** All that it wrote with stamps up to this time (its own clock's, in milliseconds since the epoch) is here. 0: that is not known yet. */
  readonly heard: number;
}

export interface SyncerEvents {
  /** It is equal with a peer, and was not before. */
  sync: SyncPeer;
  /** A peer sends stamps that are so many milliseconds ahead of the clock here. They are asked for again later, and so it is told again. */
  "clock-skew": { readonly peer: SyncPeer; readonly ahead: number };
}

export interface SyncerOptions {
  readonly replica: Replica;
  readonly limits?: Partial<SyncLimits>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly scheduler?: Scheduler;
}

/** Of how many peers it is kept in mind which replica they have, which saves a round trip when they come back. */
const maxKnown = 1_024;

export function createSyncer(o: SyncerOptions): Syncer {
  const { replica, now = Date.now, scheduler = systemScheduler } = o;
  const limits = { ...defaultLimits, ...o.limits };
  const process = randomBytes(8).toString("hex");
  const sessions = new Set<Session>();
  const byReplica = new Map<string, Session>();
  const knownReplicas = new Map<string, Pick<Hello, "replica" | "author">>();
  const dirty = new Set<Session>();
  const equal = new Set<Session>();
  const blobs = new Map<string, Turn<Peering>>();
  const listeners: { [K in keyof SyncerEvents]: Set<(what: SyncerEvents[K]) => void> } = {
    sync: new Set(),
    "clock-skew": new Set(),
  };
  const twins = createTwins({ now: scheduler.now, memory: limits.retry });
  const waiters = createWaiters((peers) => isSynced(peers));
  /** When, by the scheduler's clock. */
  const skewTold = new Map<string, number>();
  let hasMoved = false;
  let links = 0;
  /** When the last peer has introduced itself, by the scheduler's clock. */
  let gatheredAt = scheduler.now();
  let isScheduled = false;
  let isClosed = false;
  let wasRestored = false;

  const shared: Shared = {
    replica,
    scheduler,
    limits,
    origins: createOrigins(replica.head()),
    turn: createTurn((peering) => peering.wake()),
    fetching(digest) {
      for (const [other, turn] of blobs) if (turn.isFree()) blobs.delete(other);
      const turn = blobs.get(digest) ?? createTurn<Peering>((peering) => peering.wake());
      blobs.set(digest, turn);
      return turn;
    },
    isRead: (of) => (byReplica.get(of)?.reader()?.reached() ?? -1) >= 0,
    isGathering: () => scheduler.now() - gatheredAt < limits.gathering,
    moved() {
      hasMoved = true;
    },
    closeKnown,
    clockSkew(peering, ahead) {
      const session = byReplica.get(peering.peer);
      if (session === undefined || scheduler.now() < (skewTold.get(peering.peer) ?? -Infinity) + limits.retry) return;
      skewTold.set(peering.peer, scheduler.now());
      emit("clock-skew", { peer: described(session), ahead });
    },
  };

  function emit<K extends keyof SyncerEvents>(event: K, what: SyncerEvents[K]): void {
    for (const listener of [...listeners[event]]) listener(what);
  }

  function wakeAll(): void {
    for (const session of sessions) wake(session);
  }

  function wake(session: Session): void {
    if (isClosed || session.isOver()) return;
    dirty.add(session);
    schedule();
  }

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    scheduler.soon(work);
  }

  /** For a short while; what is left over waits until others had their turn. */
  function work(): void {
    isScheduled = false;
    const end = scheduler.now() + limits.slice;
    for (const session of dirty) {
      dirty.delete(session);
      if (session.step() && !session.isOver()) dirty.add(session); // behind all others
      if (scheduler.now() >= end) break;
    }
    if (dirty.size === 0) closeKnown();
    if (dirty.size > 0) schedule();
    else notice();
  }

  function closeKnown(): void {
    if (!hasMoved) return;
    hasMoved = false;
    const standings = [...byReplica.values()].flatMap((session) => session.reader()?.standing() ?? []);
    if (standings.every(({ gaps }) => gaps.length === 0)) return;
    const reach = closure(standings, (of) => replica.readUpTo(of) ?? -1);
    for (const [of, place] of reach) byReplica.get(of)?.reader()?.close(place);
    hasMoved = false;
  }

  function notice(): void {
    for (const session of byReplica.values()) {
      if (!session.isInSync()) equal.delete(session);
      else if (!equal.has(session)) {
        equal.add(session);
        emit("sync", described(session));
      }
    }
    waiters.look();
  }

  function isSynced(peers: number | undefined): boolean {
    const connected = [...byReplica.values()];
    const count = connected.filter((session) => session.isInSync()).length;
    return count >= (peers ?? Math.max(1, sessions.size));
  }

  function introduced(session: Session, hello: Hello): boolean {
    const { peer } = session.link;
    if (hello.replica === session.said.replica) {
      if (hello.process === process) session.end("it is this replica itself");
      // Neither takes anything from the other: which of them is meant by a place of theirs nobody could tell.
      else session.end("has a copy of this file under the same name: give one of them another", { ban: true });
      return false;
    }
    if (!twins.came(hello.replica, hello.process)) {
      session.end("another process that is alive has the same replica: the file of one is a copy", { ban: true });
      return false;
    }
    const other = byReplica.get(hello.replica);
    if (other !== undefined && isOlder(other, session, hello)) {
      session.end("there is another link to it already");
      return false;
    }
    other?.end("there is another link to it");
    byReplica.set(hello.replica, session);
    gatheredAt = scheduler.now();
    knownReplicas.delete(peer);
    knownReplicas.set(peer, { replica: hello.replica, author: hello.author });
    if (knownReplicas.size > maxKnown) knownReplicas.delete(knownReplicas.keys().next().value as string);
    return true;
  }

  /** Both sides count links; they agree on who is right by the ids. A process that began later has no links to one that ended. */
  function isOlder(other: Session, session: Session, hello: Hello): boolean {
    const before = other.hello() as Hello;
    if (before.process !== hello.process) return false;
    return session.said.replica < hello.replica ? other.said.link < session.said.link : before.link < hello.link;
  }

  /** Once in the life of a process: a file is replaced while nobody has it open. */
  function restored(session: Session): void {
    if (wasRestored) {
      session.end("claims to have read what was never here", { ban: true });
      return;
    }
    wasRestored = true;
    replica.restored();
    for (const one of [...sessions]) one.end("restored from a backup: everything begins anew");
  }

  function over(session: Session): void {
    sessions.delete(session);
    dirty.delete(session);
    equal.delete(session);
    const hello = session.hello();
    if (hello !== undefined && byReplica.get(hello.replica) === session) {
      byReplica.delete(hello.replica);
      skewTold.delete(hello.replica);
      twins.left(hello.replica, hello.process);
    }
    wakeAll();
    schedule();
  }

  function greeting(link: Link): Hello {
    links += 1;
    const present = replica.present();
    return {
      kind: "hello",
      versions,
      replica: replica.id,
      author: replica.author,
      process,
      link: links,
      head: present?.place ?? replica.head(),
      floor: replica.floor(),
      clock: present?.time ?? 0,
      features: [],
      reads: readsOf(link.peer),
    };
  }

  function readsOf(peer: string): Hello["reads"] {
    const known = knownReplicas.get(peer);
    if (known === undefined) return undefined;
    const events = replica.vector().get(known.author) ?? 0;
    return { replica: known.replica, place: replica.readUpTo(known.replica), events };
  }

  function described(session: Session): SyncPeer {
    const { link, since } = session;
    const hello = session.hello() as Hello;
    const head = session.peering()?.peerHead ?? hello.head;
    return {
      replica: hello.replica,
      peer: link.peer,
      address: link.address,
      since,
      inSync: session.isInSync(),
      behind: Math.max(0, head - Math.max(0, session.reader()?.reached() ?? 0)),
      heard: session.heard(),
    };
  }

  function selfCheck(): void {
    for (const session of equal) session.check();
    wakeAll();
    cancelSelfCheck = scheduler.after(limits.selfCheck, selfCheck);
  }
  let cancelSelfCheck = scheduler.after(limits.selfCheck, selfCheck);

  const forget = replica.onCommit(wakeAll);

  return {
    connect(link) {
      if (isClosed) return link.end("closing");
      const session = createSession(link, shared, greeting(link), { introduced, restored, dirty: wake, over }, now());
      if (session.isOver()) return;
      sessions.add(session);
      wake(session);
    },
    peers: () => [...byReplica.values()].map(described),
    synced: (options = {}) => waiters.wait(options.peers, options.signal),
    on(event, listener) {
      const mine: typeof listener = (what) => listener(what); // of its own, so that one function may listen twice
      listeners[event].add(mine);
      return () => {
        listeners[event].delete(mine);
      };
    },
    close() {
      if (isClosed) return;
      forget();
      cancelSelfCheck();
      for (const session of [...sessions]) session.end("closing");
      isClosed = true;
      waiters.end(new PersistError("CLOSED", "Cannot wait for peers: the store is closed."));
    },
  };
}
