/** Events for clauses. */
import type { NewEvent, ReadOptions, Store, StoredEvent } from "@cuitty/persist-core";

export function event(data: unknown, more: Partial<NewEvent> = {}): NewEvent {
  return { type: "t", data, ...more };
}

/** So many events with the numbers from `from` on as their data. */
export function numbered(count: number, from = 1): NewEvent[] {
  return Array.from({ length: count }, (_, i) => event(from + i));
}

export function withIds(...ids: string[]): NewEvent[] {
  return ids.map((id) => event(id, { id }));
}

export function dataOf(events: readonly StoredEvent[]): unknown[] {
  return events.map(({ data }) => data);
}

/** The data of the events that `read` gives. */
export async function read(store: Store, stream: string, o?: ReadOptions): Promise<unknown[]> {
  return dataOf(await store.events.read(stream, o).toArray());
}

/** Ten events in `s`, one in `other` before each of the last five. */
export async function filled(store: Store): Promise<Store> {
  await store.events.append("s", numbered(5));
  for (let i = 6; i <= 10; i++) {
    await store.events.append("other", event(`other ${i}`));
    await store.events.append("s", event(i));
  }
  return store;
}
