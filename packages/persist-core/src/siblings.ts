/**
 * For engines that judge a list themselves: what the operations of one list mean to each other. Conditions are judged before anything of the list is written, but uniqueness is about the state after it: two
 * puts of a list can collide, and a record that the list deletes or changes makes room for another.
 */
import { bytesToBase64 } from "./base64.ts";
import type { IndexEntry, Op } from "./contract.ts";

export interface Siblings {
  /** Whether the list writes the record. */
  writes(recordKey: string): boolean;
  /** Whether two records of the list want this tuple. */
  contest(entry: IndexEntry): boolean;
  /** Whether the list appends any id twice to the stream. */
  repeatsIds(stream: string): boolean;
}

const alone: Siblings = { writes: () => false, contest: () => false, repeatsIds: () => false };

export function siblingsOf(ops: readonly Op[]): Siblings {
  if (isLoneWrite(ops)) return alone;
  const records = new Set<string>();
  const keysByTuple = new Map<string, Set<string>>();
  const idsByStream = new Map<string, Set<string>>();
  const repeating = new Set<string>();
  for (const op of ops) {
    const indexes = op.op === "put" || op.op === "reindex";
    if ((indexes || op.op === "delete") && op.space === "records") records.add(op.key);
    if (indexes) {
      for (const entry of op.index ?? []) {
        if (entry.unique) getOrMake(keysByTuple, nameOf(entry)).add(op.key);
      }
    }
    if (op.op === "append") {
      const ids = getOrMake(idsByStream, op.stream);
      for (const { id } of op.events) {
        if (ids.has(id)) repeating.add(op.stream);
        ids.add(id);
      }
    }
  }
  return {
    writes: (key) => records.has(key),
    contest: (entry) => (keysByTuple.get(nameOf(entry))?.size ?? 0) > 1,
    repeatsIds: (stream) => repeating.has(stream),
  };
}

/** Most lists are one write and the checks that belong to it. */
function isLoneWrite(ops: readonly Op[]): boolean {
  let writes = 0;
  for (const { op } of ops) {
    if (op === "append") return false;
    if (op !== "check" && op !== "checkRange") writes++;
  }
  return writes < 2;
}

function nameOf({ index, tuple }: IndexEntry): string {
  return `${bytesToBase64(tuple)} ${index}`;
}

function getOrMake(sets: Map<string, Set<string>>, name: string): Set<string> {
  let set = sets.get(name);
  if (set === undefined) {
    set = new Set();
    sets.set(name, set);
  }
  return set;
}
