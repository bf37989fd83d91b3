/** Listings: pages underneath, entries on top. */
import type { Listing } from "./api/listings.ts";
import { decodeCursor, encodeCursor } from "./cursors.ts";
import { PersistError } from "./errors.ts";

/** A page of the source, with the place after which the next one starts. */
export interface SourcePage<T> {
  readonly items: readonly T[];
  /** `undefined`: the end. */
  readonly after: string | undefined;
}

export interface Source<T> {
  /** Such as `kv.list`. */
  readonly operation: string;
  /** All that decides which entries there are and in which order: a cursor belongs to it. */
  query(): readonly unknown[];
  readonly limit: number | undefined;
  readonly cursor: string | undefined;
  /** Entries per read. */
  readonly batchSize: number;
  /** Throws unless this may be a place: a cursor comes from outside. */
  checkPlace(after: string): void;
  /** For one way through the listing, which asks for `total` entries at most. */
  reader(total: number): Read<T>;
}

/** At most `count` entries after the place (`undefined`: from the start). May return fewer, even none, and go on after them. */
export type Read<T> = (after: string | undefined, count: number) => Promise<SourcePage<T>> | SourcePage<T>;

const defaultPage = 100;
const defaultMax = 10_000;

export function createListing<T>(source: Source<T>): Listing<T> {
  const { query, batchSize } = source;
  const start = source.cursor === undefined ? undefined : decodeCursor(query(), source.cursor);
  if (start !== undefined) source.checkPlace(start);
  const limit = source.limit ?? Number.POSITIVE_INFINITY;

  return {
    async page() {
      const items: T[] = [];
      const size = source.limit ?? defaultPage;
      const read = source.reader(size);
      let after = start;
      do {
        const page = await read(after, size - items.length);
        items.push(...page.items);
        after = page.after;
      } while (after !== undefined && items.length < size);
      return after === undefined ? { items } : { items, cursor: encodeCursor(query(), after) };
    },

    async toArray({ max = defaultMax } = {}) {
      const items: T[] = [];
      const read = source.reader(Math.min(limit, max + 1));
      let after = start;
      do {
        // One more than allowed, to know whether there are more.
        const page = await read(after, Math.min(batchSize, limit - items.length, max + 1 - items.length));
        for (const item of page.items) items.push(item);
        if (items.length > max) {
          throw new PersistError(
            "TOO_LARGE",
            `${source.operation} has more than ${max} entries. Iterate it with for await, or raise max.`,
            { operation: source.operation },
          );
        }
        after = page.after;
      } while (after !== undefined && items.length < limit);
      return items;
    },

    [Symbol.asyncIterator](): AsyncIterator<T> {
      let items: readonly T[] = [];
      let next = 0;
      let left = limit;
      let after = start;
      let ended = false;
      const read = source.reader(limit);
      // A hand-written iterator, because an async generator costs three times as much per entry.
      const fill = async (): Promise<IteratorResult<T>> => {
        while (!ended && left > 0) {
          const page = await read(after, Math.min(batchSize, left));
          items = page.items;
          next = 0;
          left -= items.length;
          after = page.after;
          ended = after === undefined;
          if (items.length > 0) return { done: false, value: items[next++] as T };
        }
        items = [];
        return { done: true, value: undefined };
      };
      let turn: Promise<unknown> = Promise.resolve();
      let queued = 0;
      const take = (): Promise<IteratorResult<T>> | IteratorResult<T> =>
        next < items.length ? { done: false, value: items[next++] as T } : fill();
      return {
        next() {
          if (queued === 0 && next < items.length) return Promise.resolve({ done: false, value: items[next++] as T });
          // Who does not wait for the call before is answered in turn.
          queued++;
          const mine = turn.then(take);
          const done = () => queued--;
          turn = mine.then(done, done);
          return mine;
        },
        async return() {
          items = [];
          left = 0;
          return { done: true, value: undefined };
        },
      };
    },
  };
}
