/**
 * The commits that are in flight. Mostly that is one, and what comes meanwhile gathers behind it. But where a backend lets several be in flight, one that waits (for a row that somebody else has
 * locked) must not hold up the others: they pass it, all but those that write what it writes, so that two writes of one key happen in the order in which they were asked for.
 */
import type { Op } from "./contract.ts";

export interface Flights {
  readonly size: number;
  /** Of these, in order, those that may pass everything in flight, and everything before them that may not. */
  passing<T extends { readonly ops: readonly Op[] }>(waiting: readonly T[]): readonly T[];
  /** From now on it is in flight. Returns what ends that. */
  begin(lists: readonly (readonly Op[])[]): () => void;
}

export function createFlights(): Flights {
  const inFlight = new Set<readonly (readonly Op[])[]>();
  return {
    get size() {
      return inFlight.size;
    },

    passing(waiting) {
      if (inFlight.size === 0) return waiting;
      const taken = new Set([...inFlight].flatMap((lists) => lists.flatMap(writtenBy)));
      return waiting.filter(({ ops }) => {
        const written = writtenBy(ops);
        if (!written.some((name) => taken.has(name))) return true;
        for (const name of written) taken.add(name);
        return false;
      });
    },

    begin(lists) {
      inFlight.add(lists);
      return () => void inFlight.delete(lists);
    },
  };
}

/** Names of what the operations write. All events are one: they have one order. */
function writtenBy(ops: readonly Op[]): string[] {
  const names: string[] = [];
  for (const op of ops) {
    if (op.op === "append" || op.op === "erase") names.push("events");
    else if (op.op !== "check" && op.op !== "checkRange") names.push(`${op.space} ${op.key}`);
  }
  return names;
}
