/** A store of a given size, whose contents follow from numbers: nothing has to be remembered to know what must be in it, but what was changed since. */
import { createStore, type Store } from "@cuitty/persist";
import type { Value } from "../contender.ts";
import { createRandom, keyFor, type Random, valueFor } from "../dataset.ts";

/** Events per stream. */
export const streamLength = 10;

export interface GrownStore {
  /** Entries in kv; as many events are in the log. */
  readonly size: number;
  readonly store: Store;
  readonly random: Random;
  key(n: number): string;
  value(n: number): Value;
  /** What entry `n` holds from now on. */
  changeValue(n: number): Value;
  stream(n: number): string;
  /** The version of stream `n`. */
  version(n: number): number;
  /** The log has one more event, in stream `n`. */
  countAppend(n: number): void;
  /** A number below `count`. */
  below(count: number): number;
}

const batch = 1000;

/** Over SQLite. */
export async function growStore(path: string, size: number): Promise<GrownStore> {
  const store = await createStore({ name: "bench", path, durability: "relaxed" });
  await fillKv(store, size);
  await fillEvents(store, size);
  return toGrownStore(store, size);
}

/** A store that holds these contents already. */
export function toGrownStore(store: Store, size: number): GrownStore {
  const random = createRandom(size);
  const revisions = new Map<number, number>();
  const appended = new Map<number, number>();
  return {
    size,
    store,
    random,
    key: keyOfEntry,
    value: (n) => valueFor(n, revisions.get(n) ?? 0),
    changeValue(n) {
      const revision = (revisions.get(n) ?? 0) + 1;
      revisions.set(n, revision);
      return valueFor(n, revision);
    },
    stream: nameOfStream,
    version: (n) => streamLength + (appended.get(n) ?? 0),
    countAppend: (n) => void appended.set(n, (appended.get(n) ?? 0) + 1),
    below: (count) => Math.floor(random() * count),
  };
}

export async function fillKv({ kv }: Store, size: number): Promise<void> {
  for (let first = 0; first < size; first += batch) {
    await kv.setMany(Array.from({ length: batch }, (_, i) => [keyOfEntry(first + i), valueFor(first + i, 0)] as const));
  }
}

async function fillEvents({ events }: Store, size: number): Promise<void> {
  const streams = size / streamLength;
  const atOnce = batch / streamLength;
  for (let first = 0; first < streams; first += atOnce) {
    const appends = Array.from({ length: atOnce }, (_, i) =>
      events.append(
        nameOfStream(first + i),
        Array.from({ length: streamLength }, (_, e) => ({ type: "changed", data: valueFor(first + i, e) })),
      ),
    );
    await Promise.all(appends);
  }
}

// Both scatter: the order of writing is not the order of the keys.
const keyOfEntry = (n: number) => keyFor("entry:", n);
const nameOfStream = (n: number) => keyFor("stream:", n);
