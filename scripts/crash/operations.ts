/** What writers do, as data: the writer performs an operation, and the checker knows from the same data what must be there afterwards. */
import type { NewEvent } from "@cuitty/persist-core";

export interface Operation {
  /** `<writer>.<lane>.<number>`, unique in a place. Whatever the operation writes says that it is from this one. */
  readonly id: string;
  readonly way: Way;
  /** One, or several that belong together: all are in effect, or none is. No two of them have one key. */
  readonly writes: readonly Write[];
}

export type Way =
  /** The plain call. */
  | "plain"
  /** With the condition that the entry is as it was read just before. */
  | "conditional"
  /** Through `update`, with a function. */
  | "update"
  /** Several entries of one facade in one call. */
  | "many"
  /** Events with the same ids a second time, which must not write them twice. */
  | "again"
  /** All facades in one transaction. */
  | "transaction"
  /** The same, but the callback throws at its end: nothing of it may ever be seen. */
  | "abandoned"
  /** With a condition that never holds: nothing of it may ever be seen. */
  | "refused";

export type Write = EntryWrite | CounterWrite | EventsWrite;

/** Makes or replaces an entry that belongs to one lane alone; `undefined` removes it. */
export type EntryWrite =
  | { readonly facade: "kv" | "records"; readonly key: string; readonly value: Value<string> | undefined }
  | { readonly facade: "blobs"; readonly key: string; readonly value: Value<Uint8Array<ArrayBuffer>> | undefined };

export interface Value<C> {
  /** The operation's id. */
  readonly by: string;
  readonly content: C;
}

/** Adds to a number that all lanes share. */
export interface CounterWrite {
  readonly facade: "counters";
  readonly key: string;
  readonly by: number;
}

export interface EventsWrite {
  readonly facade: "events";
  readonly stream: string;
  readonly events: readonly (NewEvent & { readonly id: string })[];
}

export const counterPrefix = "shared/";

export function isEntryWrite(write: Write): write is EntryWrite {
  return write.facade !== "counters" && write.facade !== "events";
}

/** What is in effect once the operation has succeeded. */
export function effectsOf({ way, writes }: Operation): readonly Write[] {
  return way === "abandoned" || way === "refused" ? [] : writes;
}

/** `<writer>.<lane>`: who does one operation after the other, beside others who do the same. */
export function laneOf(operation: string): string {
  return operation.slice(0, operation.lastIndexOf("."));
}

export function numberOf(operation: string): number {
  return Number(operation.slice(operation.lastIndexOf(".") + 1));
}

/** The id of the lane's next operation. */
export function nextOf(operation: string): string {
  return `${laneOf(operation)}.${numberOf(operation) + 1}`;
}

/** The id of the operation that appended the event. */
export function operationOf(event: string): string {
  return event.slice(0, event.indexOf("#"));
}
