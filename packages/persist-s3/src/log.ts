/**
 * The log: slots one behind the other, each made by a put that only one can win. Here it is read, as far as it has come, and written, one slot at a time for all in this process
 * that have something to decide.
 */
import type { BlobWrite } from "./blob-space.ts";
import type { Bucket, Patience } from "./bucket.ts";
import { beginning, type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { createCoalescer } from "./coalescer.ts";
import { createDeciding, type Decide, nothing } from "./deciding.ts";
import type { Layout } from "./layout.ts";
import type { SlotObjects } from "./slot-objects.ts";
import type { Slot } from "./slots.ts";
import type { Streams } from "./streams.ts";
import { createTail, type Tail } from "./tail.ts";

export interface LogEnd {
  /** Of the last slot. */
  readonly slot: number;
  /** Of the last event, and when it was appended. */
  readonly position: number;
  readonly time: number;
}

export interface Log {
  /** Changes whenever slots were passed over, because they were in place already. */
  readonly era: number;
  readonly end: LogEnd;
  readonly tail: Tail;
  /** After it, everything is known that had been decided when it was called. */
  refresh(o: Patience): Promise<void>;
  /** As far as known. */
  decisionOf(commit: string): "committed" | "aborted" | undefined;
  /** The first version of the stream that was not erased, as far as this process has met erasures. */
  firstOf(stream: string): number;
  readonly decide: Decide;
  /** Sees to it that the commit is decided, and be it that it never will be. */
  abort(commit: string, o: Patience): Promise<void>;
  /** Puts the blobs of a decided commit in their places. */
  applyBlobs(commit: string, o: Patience): Promise<void>;
  /** Everything up to there is in its place. */
  settled(checkpoint: Checkpoint): void;
}

/** With more slots than this to catch up with, it is looked whether they are in place already. */
const mostToRead = 200;

export interface LogParts {
  readonly bucket: Bucket;
  readonly layout: Layout;
  readonly objects: SlotObjects;
  readonly streams: Pick<Streams, "forget">;
  applyBlob(write: BlobWrite, o: Patience): Promise<void>;
}

export async function openLog({ bucket, layout, objects, streams, applyBlob }: LogParts, o: Patience): Promise<Log> {
  let end: LogEnd = { slot: 0, position: 0, time: 0 };
  let tail = createTail(beginning);
  let era = 0;
  /** By stream. What is remembered of slots may be older than an erasure. */
  const firsts = new Map<string, number>();

  const skipTo = (checkpoint: Checkpoint) => {
    tail = createTail(checkpoint);
    end = checkpoint;
    objects.forgetAll();
    streams.forget();
    era++;
  };

  const add = (slot: Slot) => {
    if (slot.number !== end.slot + 1) return; // known already
    tail.add(slot);
    objects.note(slot);
    for (const { stream, head } of slot.erasures) firsts.set(stream, head.first);
    const time = slot.position > slot.before ? slot.time : end.time;
    end = { slot: slot.number, position: slot.position, time };
  };

  const catchUp = async (o: Patience): Promise<void> => {
    for (;;) {
      const { names, more } = await objects.namesAfter(end.slot, 1000, o);
      if (names.length > mostToRead) {
        const checkpoint = await readCheckpoint(bucket, layout, o);
        if (checkpoint.slot > end.slot) {
          skipTo(checkpoint);
          continue;
        }
      }
      for (const slot of await Promise.all(names.map((name) => objects.read(name, o)))) add(slot);
      if (!more) return;
    }
  };
  const refresh = createCoalescer(catchUp);

  const decide = createDeciding({
    bucket,
    layout,
    objects,
    get end() {
      return end;
    },
    get tail() {
      return tail;
    },
    refresh,
    add,
  });

  skipTo(await readCheckpoint(bucket, layout, o));
  await refresh(o);
  /** Commits whose blobs are in place. */
  const applied = new Set<string>();

  return {
    get era() {
      return era;
    },
    get end() {
      return end;
    },
    get tail() {
      return tail;
    },
    refresh,
    decisionOf: (commit) => tail.decisionOf(commit),
    firstOf: (stream) => firsts.get(stream) ?? 0,
    decide,
    async abort(commit, o) {
      await decide(
        async ({ tail }) => (tail.decisionOf(commit) === undefined ? { ...nothing, aborts: [commit] } : undefined),
        end.time,
        o,
      );
    },
    async applyBlobs(commit, o) {
      if (applied.has(commit)) return;
      for (const slot of tail.slots) {
        for (const one of slot.commits) {
          if (one.commit !== commit) continue;
          // What is moved has to be there until it has been put.
          const isRemoval = (write: BlobWrite) => write.do === "delete";
          await Promise.all(one.blobs.filter((write) => !isRemoval(write)).map((write) => applyBlob(write, o)));
          await Promise.all(one.blobs.filter(isRemoval).map((write) => applyBlob(write, o)));
        }
      }
      applied.add(commit);
    },
    settled(checkpoint) {
      tail.beginAt(checkpoint);
      if (tail.slots.length === 0) applied.clear();
    },
  };
}
