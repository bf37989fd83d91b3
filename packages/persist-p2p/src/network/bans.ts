/** Peers that are left alone for a while: each time twice as long. */

export interface Bans {
  /** Answers for how long, in milliseconds. */
  ban(peer: string): number;
  isBanned(peer: string): boolean;
  /** It has proved itself, or may have: from then on it is as any other. */
  pardon(peer: string): void;
}

const shortest = 5_000;
const longest = 60_000;
/** Whoever makes up peer ids must not fill memory: then the oldest are forgotten. */
const most = 1_000;

export function createBans(now: () => number = Date.now): Bans {
  const bans = new Map<string, { readonly until: number; readonly time: number }>();
  return {
    ban(peer) {
      const time = Math.min(longest, 2 * (bans.get(peer)?.time ?? shortest / 2));
      bans.delete(peer);
      bans.set(peer, { until: now() + time, time });
      const [oldest] = bans.keys();
      if (bans.size > most && oldest !== undefined) bans.delete(oldest);
      return time;
    },
    isBanned: (peer) => (bans.get(peer)?.until ?? 0) > now(),
    pardon: (peer) => void bans.delete(peer),
  };
}
