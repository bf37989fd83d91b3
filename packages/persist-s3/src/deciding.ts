/** Making slots: one at a time for all in this process that have something to decide, and again where somebody else was faster. */
import { PersistError } from "@cuitty/persist-core";
import type { Bucket, Patience } from "./bucket.ts";
import { beginning } from "./checkpoint.ts";
import { ensureWanted } from "./deadline.ts";
import type { Layout } from "./layout.ts";
import type { LogEnd } from "./log.ts";
import type { SlotObjects } from "./slot-objects.ts";
import { type Decisions, type Slot, writeSlot } from "./slots.ts";
import { createStreaks } from "./streaks.ts";
import { createTail, type Tail } from "./tail.ts";

/** The log up to where something is to be decided. */
export interface LogView {
  readonly tail: Pick<Tail, "head" | "id" | "decisionOf">;
  readonly position: number;
  /** Of the slot that is being made: its number and time. */
  readonly slot: number;
  readonly time: number;
}

/**
 * Decides by the state of the log; `undefined`: nothing. Called again where somebody else has made the slot first, so that its last answer counts.
 */
export type Decider = (view: LogView) => Promise<Decisions | undefined>;

/** Makes a slot of what the decider says, and answers it; `undefined` where that was nothing. Throws with outcome "unknown" where the slot may have been made. */
export type Decide = (decider: Decider, now: number, o: Patience) => Promise<Slot | undefined>;

export const nothing: Decisions = { commits: [], aborts: [], batches: [], erasures: [], changes: [] };

export interface DecidingParts {
  readonly bucket: Bucket;
  readonly layout: Layout;
  readonly objects: SlotObjects;
  /** Of the log, as far as it is known. */
  readonly end: LogEnd;
  readonly tail: Tail;
  refresh(o: Patience): Promise<void>;
  add(slot: Slot): void;
}

interface Waiting {
  readonly decider: Decider;
  readonly now: number;
  readonly o: Patience;
  readonly resolve: (slot: Slot | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export function createDeciding(log: DecidingParts): Decide {
  const { bucket, layout, objects } = log;
  const streaks = createStreaks(5);
  let waiting: Waiting[] = [];
  let isDeciding = false;

  const decideAll = async () => {
    isDeciding = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await decideGroup(group);
    }
    isDeciding = false;
  };

  /** Ends with an answer for each of them. */
  const decideGroup = async (group: readonly Waiting[]): Promise<void> => {
    let rest = group;
    const refuse = (one: Waiting, error: unknown) => {
      one.reject(error);
      rest = rest.filter((other) => other !== one);
    };
    const patience = () => ({ deadline: Math.max(...rest.map(({ o }) => o.deadline)) });
    let isFresh = false;
    await streaks.makeWay(layout.slots.prefix);
    try {
      for (;;) {
        for (const one of rest) refuseLate(one, refuse);
        const draft = await gather(rest, refuse);
        if (rest.length === 0) return;
        if (draft !== undefined) {
          const { slot, deciding } = draft;
          const began = performance.now();
          if (await make(slot, patience())) {
            streaks.won(layout.slots.prefix, began);
            for (const one of rest) one.resolve(deciding.has(one) ? slot : undefined);
            return;
          }
          streaks.lost(layout.slots.prefix);
          isFresh = true;
        } else if (isFresh) {
          for (const one of rest) one.resolve(undefined);
          return;
        } else {
          await log.refresh(patience());
          isFresh = true;
        }
      }
    } catch (error) {
      for (const one of rest) one.reject(error);
    }
  };

  /** The next slot, by what is known; `undefined` where nobody has anything to decide. */
  const gather = async (
    group: readonly Waiting[],
    refuse: (one: Waiting, error: unknown) => void,
  ): Promise<{ readonly slot: Slot; readonly deciding: ReadonlySet<Waiting> } | undefined> => {
    const { end, tail } = log;
    const deciding = new Set<Waiting>();
    let draft: Slot = {
      ...nothing,
      number: end.slot + 1,
      id: crypto.randomUUID(),
      time: Math.max(end.time, ...group.map(({ now }) => now)),
      before: end.position,
      position: end.position,
    };
    for (const one of group) {
      try {
        const decisions = await one.decider(viewOf(tail, draft));
        if (decisions === undefined) continue;
        deciding.add(one);
        draft = joined(draft, decisions);
      } catch (error) {
        refuse(one, error);
      }
    }
    return deciding.size === 0 ? undefined : { slot: draft, deciding };
  };

  /** Whether it was made; else somebody else has made one of that number. */
  const make = async (slot: Slot, o: Patience): Promise<boolean> => {
    const place = layout.slot(slot.number, slot.before);
    const answer = await bucket.put(place, writeSlot(slot), { ...o, ifEtag: null, contentType: "application/json" });
    if (answer.outcome === "stored") {
      log.add(slot);
      return true;
    }
    try {
      await log.refresh(o);
      return (await objects.find(slot.number, o))?.id === slot.id;
    } catch (cause) {
      if (!answer.doubtful) throw cause;
      throw new PersistError("UNAVAILABLE", `It is not known who has made "${place}", which cannot be read.`, {
        adapter: "s3",
        outcome: "unknown",
        cause,
      });
    }
  };

  return (decider, now, o) =>
    new Promise((resolve, reject) => {
      waiting.push({ decider, now, o, resolve, reject });
      if (!isDeciding) void decideAll();
    });
}

function refuseLate(one: Waiting, refuse: (one: Waiting, error: unknown) => void): void {
  try {
    ensureWanted(one.o, "commit");
  } catch (error) {
    refuse(one, error);
  }
}

function joined(slot: Slot, more: Decisions): Slot {
  return {
    ...slot,
    commits: [...slot.commits, ...more.commits],
    aborts: [...slot.aborts, ...more.aborts],
    batches: [...slot.batches, ...more.batches],
    erasures: [...slot.erasures, ...more.erasures],
    changes: [...slot.changes, ...more.changes],
    position: slot.position + more.batches.reduce((sum, { events }) => sum + events.length, 0),
  };
}

/** The log with the slot that is being made at its end. */
function viewOf(tail: Tail, draft: Slot): LogView {
  const { position, number: slot, time } = draft;
  if (draft.batches.length + draft.erasures.length + draft.aborts.length === 0) return { tail, position, slot, time };
  const own = createTail(beginning);
  own.add(draft);
  return {
    position,
    slot,
    time,
    tail: {
      head: (stream) => own.head(stream) ?? tail.head(stream),
      id: (stream, id) => own.id(stream, id) ?? tail.id(stream, id),
      decisionOf: (commit) => tail.decisionOf(commit) ?? own.decisionOf(commit),
    },
  };
}

/** Of a slot whose fate is not known. */
export const isUnknown = (error: unknown): boolean => PersistError.is(error) && error.outcome === "unknown";
