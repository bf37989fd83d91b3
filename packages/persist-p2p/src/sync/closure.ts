/**
 * What can be told to be here without asking. Each peer's own commits come from itself, and of all others it tells from whom it has them and how far it has read that one. So where two peers have each other's commits, and the own
 * ones of both are here, everything is: each of their commits was made somewhere, and is here from there.
 */
import type { Gap } from "./ledger.ts";

export interface Standing {
  readonly replica: string;
  /** How far this peer is here if all of these gaps are closed. */
  readonly hope: number;
  readonly gaps: readonly Gap[];
}

/** How far each peer is here. `known`: how far those are that are not among them. */
export function closure(
  standings: readonly Standing[],
  known: (replica: string) => number,
): ReadonlyMap<string, number> {
  const reach = new Map(standings.map(({ replica, hope }) => [replica, hope]));
  const others = new Map<string, number>();
  const reachOf = (replica: string): number => {
    const found = reach.get(replica) ?? others.get(replica) ?? known(replica);
    if (!reach.has(replica)) others.set(replica, found);
    return found;
  };
  const isHere = ({ via, viaPlace }: Gap["relayed"][number]): boolean =>
    viaPlace !== undefined && reachOf(via) >= viaPlace;
  // From the most that may be hoped for downwards, until nothing contradicts it.
  for (let isStable = false; !isStable; ) {
    isStable = true;
    for (const { replica, gaps } of standings) {
      const limit = reach.get(replica) as number;
      const open = gaps.find(({ place, relayed }) => place <= limit && !relayed.every(isHere));
      if (open === undefined) continue;
      reach.set(replica, open.after);
      isStable = false;
    }
  }
  return reach;
}
