/**
 * Who is dialled, and when. Every peer that was heard of is dialled until it is linked or forgotten: at once when it is sighted, otherwise after a pause that grows from 0.2 to 30
 * seconds, for ever. Of two peers that know each other the one with the smaller id dials, the other one a little later.
 */
import { chooseNeighbours } from "./neighbours.ts";

export interface DiallerOptions {
  readonly self: string;
  /** Resolves to the peer's id once it is linked. */
  dial(peer: string | undefined, addresses: readonly string[]): Promise<string>;
  isLinked(peer: string): boolean;
  /** Whether it is left alone for now. */
  isBanned(peer: string): boolean;
  /** Up to so many peers all are linked. */
  readonly mesh: number;
}

export interface Dialler {
  /** It was heard of. `isFixed`: somebody has written the address down, so it is never forgotten. */
  sighted(peer: string, addresses: readonly string[]): void;
  /** An address that is dialled as long as this runs, whoever answers there. */
  fixed(address: string, peer: string | undefined): void;
  linked(peer: string): void;
  unlinked(peer: string): void;
  /** It has said good-bye. */
  left(peer: string): void;
  /** Whether somebody who was linked, or is wanted, is not. */
  isMissing(): boolean;
  known(): readonly {
    readonly peer: string;
    readonly addresses: readonly string[];
    readonly failure: string | undefined;
  }[];
  stop(): void;
}

interface Target {
  /** Who is there, as far as it is known. */
  peer: string | undefined;
  /** Who has to answer. `undefined`: whoever does. */
  readonly asked: string | undefined;
  readonly addresses: Map<string, number>;
  readonly isFixed: boolean;
  attempts: number;
  failure: string | undefined;
  sightedAt: number;
  dialledAt: number;
  wasLinked: boolean;
  isDialling: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Milliseconds. */
const shortestPause = 200;
const longestPause = 30_000;
/** The larger id waits so much longer: by then the smaller one has dialled. */
const courtesy = 1_000;
/** Who was neither seen nor linked for so long is forgotten. */
const memory = 3_600_000;
/** What strangers on the network can make up is bounded: peers and addresses that are remembered, and dials that sightings cause. */
const mostTargets = 512;
const mostAddresses = 16;
const budget = { burst: 64, perSecond: 4 };

export function createDialler(o: DiallerOptions): Dialler {
  const peers = new Map<string, Target>();
  const places = new Map<string, Target>();
  /** The neighbours among those that are near, and who these were. */
  let chosen: { readonly key: string; readonly peers: ReadonlySet<string> } = { key: "", peers: new Set() };
  let isStopped = false;
  let tokens = budget.burst;
  let tokensAt = Date.now();

  function targetOf(peer: string): Target | undefined {
    const found = peers.get(peer);
    if (found !== undefined) return found;
    if (peers.size >= mostTargets) forgetOne();
    if (peers.size >= mostTargets) return undefined;
    const target = createTarget(peer, false);
    peers.set(peer, target);
    return target;
  }

  /** Whoever has failed most often and was never linked. */
  function forgetOne(): void {
    const candidates = [...peers.values()].filter(({ wasLinked }) => !wasLinked);
    const worst = candidates.sort((a, b) => b.attempts - a.attempts || a.sightedAt - b.sightedAt)[0];
    if (worst !== undefined) forget(worst);
  }

  function forget(target: Target): void {
    clearTimeout(target.timer);
    if (target.peer !== undefined && peers.get(target.peer) === target) peers.delete(target.peer);
  }

  function spend(): boolean {
    const now = Date.now();
    tokens = Math.min(budget.burst, tokens + ((now - tokensAt) / 1_000) * budget.perSecond);
    tokensAt = now;
    if (tokens < 1) return false;
    tokens--;
    return true;
  }

  function isWanted(target: Target): boolean {
    if (target.peer === undefined || target.isFixed) return true;
    const near = [...peers.values()].filter((other) => other.attempts < 6 || isLinked(other));
    if (near.length <= o.mesh) return true;
    const key = near.map(({ peer }) => peer).join();
    if (key !== chosen.key)
      chosen = {
        key,
        peers: chooseNeighbours(
          o.self,
          near.flatMap(({ peer }) => peer ?? []),
        ),
      };
    return chosen.peers.has(target.peer);
  }

  const isLinked = ({ peer }: Target): boolean => peer !== undefined && o.isLinked(peer);

  function schedule(target: Target, pause: number): void {
    if (isStopped || target.isDialling || target.addresses.size === 0 || isLinked(target)) return;
    clearTimeout(target.timer);
    const isPolite = !target.isFixed && target.peer !== undefined && o.self > target.peer;
    const wait = pause + (isPolite ? courtesy : 0);
    target.timer = setTimeout(() => void attempt(target), wait);
    target.timer.unref();
  }

  function pauseAfter(attempts: number): number {
    return Math.min(longestPause, shortestPause * 2 ** Math.min(attempts, 10)) * (0.5 + Math.random() / 2);
  }

  async function attempt(target: Target): Promise<void> {
    if (isStopped || target.isDialling || isLinked(target)) return;
    const isAway = !target.isFixed && Date.now() - target.sightedAt > memory;
    if (isAway) return forget(target);
    const isHeldBack = target.peer !== undefined && o.isBanned(target.peer);
    if (isHeldBack || !isWanted(target)) return schedule(target, pauseAfter(Math.max(4, target.attempts)));
    target.isDialling = true;
    target.dialledAt = Date.now();
    try {
      const peer = await o.dial(target.asked, [...target.addresses.keys()]);
      target.attempts = 0;
      target.failure = undefined;
      if (target.isFixed) target.peer = peer;
    } catch (error) {
      target.attempts++;
      target.peer = target.asked;
      target.failure = error instanceof Error ? error.message : String(error);
    } finally {
      target.isDialling = false;
    }
    schedule(target, pauseAfter(target.attempts));
  }

  function remember(target: Target, addresses: readonly string[]): void {
    const now = Date.now();
    target.sightedAt = now;
    for (const address of addresses) {
      target.addresses.delete(address);
      target.addresses.set(address, now);
    }
    for (const address of target.addresses.keys()) {
      if (target.addresses.size <= mostAddresses) break;
      target.addresses.delete(address);
    }
  }

  return {
    sighted(peer, addresses) {
      if (peer === o.self || isStopped) return;
      const target = targetOf(peer);
      if (target === undefined) return;
      const isNews = addresses.some((address) => !target.addresses.has(address));
      remember(target, addresses);
      if (target.isDialling || isLinked(target)) return;
      // It is there: no reason to wait any longer, but once a second is enough.
      const isFresh = Date.now() - target.dialledAt > 1_000;
      if ((isNews || isFresh) && (target.wasLinked || spend())) schedule(target, 0);
      else if (target.timer === undefined) schedule(target, pauseAfter(target.attempts));
    },
    fixed(address, peer) {
      const target = createTarget(peer, true);
      remember(target, [address]);
      places.set(address, target);
      schedule(target, 0);
    },
    linked(peer) {
      const target = targetOf(peer);
      if (target === undefined) return;
      target.wasLinked = true;
      target.attempts = 0;
      target.sightedAt = Date.now();
      clearTimeout(target.timer);
    },
    unlinked(peer) {
      for (const target of [...peers.values(), ...places.values()]) {
        if (target.peer !== peer) continue;
        target.sightedAt = Date.now();
        schedule(target, pauseAfter(0));
      }
    },
    left(peer) {
      const target = peers.get(peer);
      if (target !== undefined && !isLinked(target)) forget(target);
    },
    isMissing: () => [...peers.values()].some((target) => target.wasLinked && !isLinked(target) && isWanted(target)),
    known: () =>
      [...peers.values(), ...places.values()].map(({ peer = "", addresses, failure }) => ({
        peer,
        addresses: [...addresses.keys()],
        failure,
      })),
    stop() {
      isStopped = true;
      for (const { timer } of [...peers.values(), ...places.values()]) clearTimeout(timer);
    },
  };
}

function createTarget(peer: string | undefined, isFixed: boolean): Target {
  return {
    peer,
    asked: peer,
    isFixed,
    addresses: new Map(),
    attempts: 0,
    failure: undefined,
    sightedAt: Date.now(),
    dialledAt: 0,
    wasLinked: false,
    isDialling: false,
    timer: undefined,
  };
}
