/**
 * Tells when two processes that are alive have one replica: one of the two files is a copy of the other. A process that was followed by another one has ended, or so it seems; one that comes back has not.
 */

export interface Twins {
  /** Another process of the replica has come. `false`: it was followed by one that is here, or was a moment ago. */
  came(replica: string, process: string): boolean;
  left(replica: string, process: string): void;
}

interface Known {
  present: string;
  /** By the clock; `undefined` while it is here. */
  leftAt: number | undefined;
  readonly before: Set<string>;
}

/** The most replicas, and the most processes of each, that are kept in mind. */
const most = 1_024;

/** `memory`: how long it counts that one was here, in milliseconds. */
export function createTwins(o: { now(): number; readonly memory: number }): Twins {
  const known = new Map<string, Known>();

  return {
    came(replica, process) {
      const of = known.get(replica) ?? { present: process, leftAt: undefined, before: new Set<string>() };
      const isHere = of.leftAt === undefined || o.now() - of.leftAt < o.memory;
      if (of.present !== process && of.before.has(process) && isHere) return false;
      if (of.present !== process) of.before.add(of.present);
      of.before.delete(process);
      of.present = process;
      of.leftAt = undefined;
      known.delete(replica);
      known.set(replica, of);
      forgetOldest(of.before);
      forgetOldest(known);
      return true;
    },
    left(replica, process) {
      const of = known.get(replica);
      if (of?.present === process) of.leftAt = o.now();
    },
  };
}

function forgetOldest(of: Map<string, unknown> | Set<string>): void {
  if (of.size > most) of.delete(of.keys().next().value as string);
}
