/**
 * An import that can be interrupted at any moment. Each batch is one transaction: its cities, the checkpoint behind them and a line in the log. So the checkpoint never says more
 * or less than what is there, and going on means reading it.
 */
import type { Store } from "@cuitty/persist";
import type { CityInSource } from "./city.ts";

/** How far the import has got. */
export interface Checkpoint {
  /** Counts imports: a later one replaces what an earlier one has written. */
  edition: number;
  /** So many cities of the source are in. */
  done: number;
  total: number;
}

/** What the log says of a batch: cities number `from` (inclusive) to `to` (exclusive) of the source. */
export interface Imported {
  from: number;
  to: number;
}

const checkpointKey = "import/checkpoint";

/** Cities in one transaction: many, because each transaction is synced to the disk once, but one takes at most 1 000 operations. */
export function batchSizeOf(total: number): number {
  return Math.min(900, Math.ceil(total / 100));
}

/** Of the last import, complete or not; `undefined` before the first one. */
export function readCheckpoint(store: Store): Promise<Checkpoint | undefined> {
  return store.kv.get<Checkpoint>(checkpointKey);
}

export function logOf(edition: number): string {
  return `imports/${edition}`;
}

/** Begins an import; nothing of it is in yet. */
export async function beginImport(store: Store, cities: readonly CityInSource[]): Promise<Checkpoint> {
  const before = await readCheckpoint(store);
  const checkpoint = { edition: (before?.edition ?? 0) + 1, done: 0, total: cities.length };
  await store.kv.set(checkpointKey, checkpoint);
  return checkpoint;
}

/** Goes on from the checkpoint until so many cities are in. Calls `onBatch` when a batch is stored: it will not be lost any more. */
export async function continueImport(
  store: Store,
  cities: readonly CityInSource[],
  until: number,
  onBatch: (done: number) => void,
): Promise<void> {
  let checkpoint = (await readCheckpoint(store)) ?? (await beginImport(store, cities));
  while (checkpoint.done < until) {
    const { edition, done: from } = checkpoint;
    const to = Math.min(from + batchSizeOf(checkpoint.total), until);
    const batch = cities.slice(from, to);
    const next = { ...checkpoint, done: to };
    await store.transaction(async (tx) => {
      await tx.records.putMany(batch.map(({ key, city }) => [key, { ...city, edition }]));
      await tx.kv.set(checkpointKey, next);
      await tx.events.append<{ imported: Imported }>(logOf(edition), { type: "imported", data: { from, to } });
    });
    checkpoint = next;
    onBatch(to);
  }
}
