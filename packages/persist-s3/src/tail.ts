/** The slots since the checkpoint, as one process knows them, and what can be looked up in them. Everything earlier is in its place. */
import type { Checkpoint } from "./checkpoint.ts";
import { type Batch, firstVersionOf, type Head, type Slot } from "./slots.ts";

export interface IdPlace {
  readonly version: number;
  readonly position: number;
  readonly slot: number;
}

export interface Tail {
  /** Where it begins. */
  readonly checkpoint: Checkpoint;
  /** In order. */
  readonly slots: readonly Slot[];
  head(stream: string): Head | undefined;
  id(stream: string, id: string): IdPlace | undefined;
  /** Streams that something was done to. */
  streams(): Iterable<string>;
  decisionOf(commit: string): "committed" | "aborted" | undefined;
  /** Adds the next slot. */
  add(slot: Slot): void;
  /** Begins later. */
  beginAt(checkpoint: Checkpoint): void;
}

export function createTail(start: Checkpoint): Tail {
  let checkpoint = start;
  let slots: Slot[] = [];
  const heads = new Map<string, Head>();
  const ids = new Map<string, Map<string, IdPlace>>();
  const decisions = new Map<string, "committed" | "aborted">();

  const noteBatch = (batch: Batch, slot: Slot) => {
    heads.set(batch.stream, batch.head);
    let byId = ids.get(batch.stream);
    if (byId === undefined) {
      byId = new Map();
      ids.set(batch.stream, byId);
    }
    const first = firstVersionOf(batch);
    for (const [i, { id }] of batch.events.entries()) {
      byId.set(id, { version: first + i, position: batch.position + i, slot: slot.number });
    }
  };

  const note = (slot: Slot) => {
    for (const { commit } of slot.commits) decisions.set(commit, "committed");
    for (const commit of slot.aborts) if (!decisions.has(commit)) decisions.set(commit, "aborted");
    for (const batch of slot.batches) noteBatch(batch, slot);
    for (const { stream, head } of slot.erasures) heads.set(stream, head);
  };

  return {
    get checkpoint() {
      return checkpoint;
    },
    get slots() {
      return slots;
    },
    head: (stream) => heads.get(stream),
    id: (stream, id) => ids.get(stream)?.get(id),
    streams: () => heads.keys(),
    decisionOf: (commit) => decisions.get(commit),
    add(slot) {
      slots.push(slot);
      note(slot);
    },
    beginAt(later) {
      checkpoint = later;
      slots = slots.filter(({ number }) => number > later.slot);
      heads.clear();
      ids.clear();
      decisions.clear();
      for (const slot of slots) note(slot);
    },
  };
}
