/**
 * Puts what slots have decided in its place, behind the log, and moves the checkpoint when enough has come together. All of it can be done by any process, any number of times; what is done
 * by the one that made the slot need not be done by others, who see to it only before a checkpoint.
 */
import type { Bucket, Patience } from "./bucket.ts";
import { moveCheckpoint } from "./checkpoint.ts";
import { eraseFromSlots } from "./erasing.ts";
import type { EventIds } from "./event-ids.ts";
import type { Layout } from "./layout.ts";
import type { Locked } from "./locking.ts";
import type { Log } from "./log.ts";
import type { RowObjects } from "./row-objects.ts";
import type { Batch, DecidedCommit, Head, Slot } from "./slots.ts";
import { entriesOf, storePage } from "./stream-pages.ts";
import type { Streams } from "./streams.ts";

export interface Settling {
  /** Begins to put it in its place; resolves when that has been done, and also where it failed: the next checkpoint sees to it. */
  settle(slot: Slot): Promise<void>;
  /** Puts the rows and blobs of a commit of this process in their places. Resolves also where that failed. */
  finishOwn(commit: string, locks: ReadonlyMap<string, Locked>, o: Patience): Promise<void>;
  /** Moves the checkpoint where that is due. Whether there is more to do. */
  step(o: Patience): Promise<boolean>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export interface SettlingParts {
  readonly bucket: Bucket;
  readonly layout: Layout;
  readonly log: Log;
  readonly rows: RowObjects;
  readonly streams: Streams;
  readonly ids: EventIds;
}

/** Slots behind the checkpoint before it is moved. */
const interval = 64;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How long putting one slot in its place may take, in milliseconds. */
const patience = 60_000;

export function createSettling(parts: SettlingParts): Settling {
  const { bucket, layout, log, rows, streams, ids } = parts;
  const done = new Set<number>();
  /** By the number of the slot. */
  const underWay = new Map<number, Promise<void>>();
  let moving: Promise<boolean> | undefined;

  /** Of commits of this process: whether they are in their places. */
  const finishing = new Map<string, Promise<boolean>>();

  const finish = async ({ commit, rows: places }: DecidedCommit, o: Patience) => {
    if (await finishing.get(commit)) return;
    await log.applyBlobs(commit, o);
    await Promise.all(places.map((place) => rows.rollForward(place, commit, o)));
  };

  const putOwn = async (commit: string, locks: ReadonlyMap<string, Locked>, o: Patience): Promise<boolean> => {
    try {
      await log.applyBlobs(commit, o);
      const answers = await Promise.all(
        Array.from(locks, ([place, { key, etag, pending }]) => rows.put(place, { key, state: pending }, etag, o)),
      );
      // What is not there any more somebody else has put in its place.
      return answers.every(({ outcome }) => outcome === "stored");
    } catch {
      return false; // it is decided all the same
    }
  };

  /** Rows and blobs of the slot, and what it has erased. */
  const putInPlace = async (slot: Slot, o: Patience) => {
    await Promise.all(slot.commits.map((commit) => finish(commit, o)));
    for (const { stream, head } of slot.erasures) await eraseFromSlots(parts, stream, head.first, o);
    for (const { commit } of slot.commits) finishing.delete(commit);
    done.add(slot.number);
  };

  /** What is looked up by streams, for a span of slots at once. */
  const enter = async (span: readonly Slot[], o: Patience) => {
    const byStream = new Map<string, (readonly [Batch, Slot])[]>();
    const heads = new Map<string, { readonly head: Head; readonly slot: number }>();
    for (const slot of span) {
      for (const batch of slot.batches) {
        byStream.set(batch.stream, [...(byStream.get(batch.stream) ?? []), [batch, slot]]);
      }
      for (const { stream, head } of [...slot.batches, ...slot.erasures])
        heads.set(stream, { head, slot: slot.number });
    }
    await Promise.all(
      Array.from(byStream, async ([stream, batches]) => {
        const entries = entriesOf(batches);
        const page = layout.page(stream, entries[0]?.first ?? 0, entries.at(-1)?.last ?? 0);
        await Promise.all([storePage(bucket, page, entries, o), ids.store(stream, batches, o)]);
      }),
    );
    await Promise.all(Array.from(heads, ([stream, { head, slot }]) => streams.store(stream, head, slot, o)));
  };

  const step = async (o: Patience): Promise<boolean> => {
    const due = log.tail.slots.slice(0, -1);
    const last = due.at(-1);
    if (last === undefined || due.length < interval) return false;
    for (const slot of due) if (!done.has(slot.number)) await putInPlace(slot, o);
    await enter(due, o);
    const time = due.findLast(({ before, position }) => position > before)?.time ?? log.tail.checkpoint.time;
    const checkpoint = { slot: last.number, position: last.position, time };
    await moveCheckpoint(bucket, layout, checkpoint, o);
    streams.keep(log.tail);
    log.settled(checkpoint);
    for (const { number } of due) done.delete(number);
    return log.tail.slots.length > interval;
  };

  /** One at a time. */
  const move = (o: Patience): Promise<boolean> => {
    moving ??= step(o).finally(() => {
      moving = undefined;
    });
    return moving;
  };

  const settleAtLast = async (slot: Slot): Promise<void> => {
    await turn(); // those whose commits are in the slot hear of it first, and finish them by themselves
    try {
      await putInPlace(slot, { deadline: performance.now() + patience });
      // One of many processes is enough; where it has died, the others notice.
      const many = slot.number % interval === 0 ? interval : 2 * interval;
      if (log.tail.slots.length > many) await move({ deadline: performance.now() + patience });
    } catch {
      // It is decided all the same: whoever needs it finds it in the log.
    }
  };

  return {
    async finishOwn(commit, locks, o) {
      const putting = putOwn(commit, locks, o);
      finishing.set(commit, putting);
      await putting;
    },
    step: move,
    settle(slot) {
      if (done.has(slot.number) || slot.number <= log.tail.checkpoint.slot) return Promise.resolve();
      let work = underWay.get(slot.number);
      if (work === undefined) {
        work = settleAtLast(slot).finally(() => underWay.delete(slot.number));
        underWay.set(slot.number, work);
      }
      return work;
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
  };
}
