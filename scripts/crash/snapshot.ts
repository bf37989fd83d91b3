/** All that is in a store, read through the facades as any user would. */
import { PersistError, type Store, type StoredEvent } from "@cuitty/persist-core";
import type { Complaint } from "./complaints.ts";
import { entryId } from "./expected.ts";
import { counterPrefix, operationOf } from "./operations.ts";

export interface FoundEntry {
  readonly facade: "kv" | "records" | "blobs";
  readonly key: string;
  /** `{ by, content }`, where it is whole. */
  readonly value: unknown;
  readonly version: string | undefined;
}

export interface Snapshot {
  readonly entries: ReadonlyMap<string, FoundEntry>;
  readonly counters: ReadonlyMap<string, unknown>;
  /** Those after the position that was asked for. */
  readonly events: readonly StoredEvent[];
  /** The same by the id of the operation that appended them. */
  readonly eventsByOperation: ReadonlyMap<string, readonly StoredEvent[]>;
  /** What could not be read. */
  readonly complaints: readonly Complaint[];
}

export async function takeSnapshot(store: Store, afterPosition: number): Promise<Snapshot> {
  const entries = new Map<string, FoundEntry>();
  const counters = new Map<string, unknown>();
  const complaints: Complaint[] = [];
  const add = (entry: FoundEntry) => entries.set(entryId(entry), entry);

  for await (const { key, value, version } of store.kv.list()) {
    if (key.startsWith(counterPrefix)) counters.set(key, value);
    else add({ facade: "kv", key, value, version });
  }
  for await (const { key, value, version } of store.records.list()) add({ facade: "records", key, value, version });
  for await (const { key } of store.blobs.list()) {
    try {
      const blob = await store.blobs.get(key);
      // Reading it to its end compares the bytes with the digest.
      if (blob !== undefined) {
        const value = { by: blob.metadata.by, content: await blob.bytes() };
        add({ facade: "blobs", key, value, version: undefined });
      }
    } catch (error) {
      if (!PersistError.is(error, "CORRUPT")) throw error;
      complaints.push({ kind: "torn", text: `blobs ${key}: ${error.message}` });
      add({ facade: "blobs", key, value: undefined, version: undefined });
    }
  }
  const events: StoredEvent[] = [];
  for await (const event of store.events.readAll({ after: afterPosition })) events.push(event);
  const eventsByOperation = Map.groupBy(events, (event) => operationOf(event.id));
  return { entries, counters, events, eventsByOperation, complaints };
}
