/**
 * A slot of the log: what one process had to decide at one moment. Never changed once it is made, but that the data of erased events are taken out.
 */
import { type NewEventRow, storedText, textOf } from "@cuitty/persist-core";
import type { BlobWrite } from "./blob-space.ts";
import { corrupt } from "./state.ts";

export interface Slot {
  readonly number: number;
  /** Drawn by whoever made it, who so recognises it. */
  readonly id: string;
  /** Milliseconds since the epoch; never less than that of an earlier slot with events. */
  readonly time: number;
  /** Of the last event in the log, before and after this slot. */
  readonly before: number;
  readonly position: number;
  readonly commits: readonly DecidedCommit[];
  /** Names of commits that will never be. */
  readonly aborts: readonly string[];
  readonly batches: readonly Batch[];
  readonly erasures: readonly Erasure[];
  /** Where the store has a feed: what the slot changed besides streams. */
  readonly changes: readonly SlotChange[];
}

export interface DecidedCommit {
  readonly commit: string;
  /** Places of the rows that it holds locked. */
  readonly rows: readonly string[];
  readonly blobs: readonly BlobWrite[];
}

/** The events of one append. */
export interface Batch {
  readonly stream: string;
  /** As it is after this batch; so the versions of its events are the last ones. */
  readonly head: Head;
  /** Of the first event. */
  readonly position: number;
  /** So many of them, from the first on, have been erased. */
  readonly erased: number;
  /** Core has made their ids, all at once: they ascend, and stand nowhere else. */
  readonly fresh?: true | undefined;
  readonly events: readonly NewEventRow[];
}

export interface Erasure {
  readonly stream: string;
  readonly head: Head;
}

/** Of a stream. */
export interface Head {
  /** Of the last event, and its place in the log. */
  readonly version: number;
  readonly position: number;
  /** Of the first event that was not erased; the next one where all were. */
  readonly first: number;
  /** Whether the last write was an erasure. */
  readonly erased: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface SlotChange {
  readonly space: "records" | "kv" | "blobs" | "system";
  readonly key: string;
  readonly version: string;
  /** Why there is no row any more. */
  readonly gone?: "deleted" | "expired" | undefined;
}

export const firstVersionOf = ({ head, events }: Batch): number => head.version - events.length + 1;

/** What it decides, of a slot that is not made yet. */
export type Decisions = Pick<Slot, "commits" | "aborts" | "batches" | "erasures" | "changes">;

export function writeSlot(slot: Slot): string {
  const { commits, aborts, batches, erasures, changes, number, ...rest } = slot;
  const some = (name: string, list: readonly unknown[]) => (list.length === 0 ? {} : { [name]: list });
  return JSON.stringify({
    slot: number,
    ...rest,
    ...some("commits", commits),
    ...some("aborts", aborts),
    ...some("erasures", erasures),
    ...some("changes", changes),
    ...some(
      "batches",
      batches.map(({ events, ...batch }) => ({ ...batch, events: events.map(eventToJson) })),
    ),
  });
}

function eventToJson({ id, type, tags, data, metadata }: NewEventRow): object {
  return {
    id,
    ...(data === "" ? {} : { type, ...(tags.length === 0 ? {} : { tags }), data: storedText(data) }),
    ...(metadata === undefined ? {} : { metadata: storedText(metadata) }),
  };
}

interface StoredEvent {
  readonly id: string;
  readonly type?: string;
  readonly tags?: readonly string[];
  readonly data?: unknown;
  readonly metadata?: unknown;
}

export function readSlot(text: string, place: string): Slot {
  let data: Partial<Omit<Slot, "batches">> & {
    slot?: number;
    batches?: readonly (Omit<Batch, "events"> & { events: StoredEvent[] })[];
  };
  try {
    data = JSON.parse(text);
  } catch {
    throw corrupt(place);
  }
  const { slot: number, id, time, before, position, batches = [] } = data;
  if (number === undefined || id === undefined || time === undefined || before === undefined || position === undefined)
    throw corrupt(place);
  return {
    number,
    id,
    time,
    before,
    position,
    commits: data.commits ?? [],
    aborts: data.aborts ?? [],
    erasures: data.erasures ?? [],
    changes: data.changes ?? [],
    batches: batches.map(({ events, ...batch }) => ({
      ...batch,
      events: events.map((event) => jsonToEvent(event, place)),
    })),
  };
}

/** One that was erased has no type, and empty data. */
function jsonToEvent({ id, type = "", tags = [], data, metadata }: StoredEvent, place: string): NewEventRow {
  return {
    id,
    type,
    tags,
    data: data === undefined ? "" : textOf(data, place),
    ...(metadata === undefined ? {} : { metadata: textOf(metadata, place) }),
  };
}
