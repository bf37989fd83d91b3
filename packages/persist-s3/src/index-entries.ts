/**
 * Index entries. Each is an empty object whose key says it all; it counts only if the record names it. It is put before the record is, and removed afterwards, and what is left behind by
 * whoever died in between is passed over. Of one that is unique, a row says besides who has the tuple; that is written with the record.
 */
import type { IndexEntry } from "@cuitty/persist-core";
import type { Bucket, Patience } from "./bucket.ts";
import type { Area, Layout } from "./layout.ts";
import { cutName, isCut, readName, writeName } from "./names.ts";
import { corrupt, isRow, type State, type StoredEntry } from "./state.ts";
import { writeTuple } from "./tuples.ts";

/** Those of a record, with the tags that those have which stay as they are. */
export function storedEntries(entries: readonly IndexEntry[] | undefined, before: State): readonly StoredEntry[] {
  const kept = isRow(before) ? (before.index ?? []) : [];
  return (entries ?? []).map(({ index, tuple: bytes, unique }) => {
    const tuple = writeTuple(bytes);
    const same = kept.find((entry) => entry.index === index && entry.tuple === tuple);
    return { index, tuple, tag: same?.tag ?? newTag(), ...(unique ? { unique } : {}) };
  });
}

const newTag = () => crypto.randomUUID().slice(0, 8);

/** The key of the row that says who has the tuple. */
export const uniqueKey = ({ index, tuple }: Pick<StoredEntry, "index" | "tuple">): string => `${index}/${tuple}`;

export const entriesOf = (state: State): readonly StoredEntry[] => (isRow(state) ? (state.index ?? []) : []);

export const uniqueOf = (state: State): readonly StoredEntry[] => entriesOf(state).filter(({ unique }) => unique);

export interface EntryName {
  readonly tuple: string;
  readonly key: string;
  readonly tag: string;
}

/** Spaces are less than all else that occurs in names. */
export const entryName = ({ tuple, key, tag }: EntryName): string => `${tuple} ${writeName(key)} ${tag}`;

export function parseEntryName(name: string, place: string): EntryName {
  const [tuple, key, tag] = name.split(" ");
  if (tuple === undefined || key === undefined || tag === undefined) throw corrupt(place);
  return { tuple, key: readName(key), tag };
}

/** Puts and removes what stands beside the row, and is not part of it. */
export interface Besides {
  /** What has to be there before the row is. */
  before(key: string, place: string, present: State, next: State, o: Patience): Promise<void>;
  /** What is of no use afterwards. */
  after(key: string, place: string, present: State, next: State, o: Patience): Promise<void>;
}

export function createBesides(bucket: Bucket, layout: Layout): Besides {
  const placeOf = (key: string, { index, tuple, tag }: StoredEntry) =>
    named(layout.index(index), entryName({ tuple, key, tag }));
  const added = (present: State, next: State) => {
    const kept = new Set(entriesOf(present).map(({ tag }) => tag));
    return entriesOf(next).filter(({ tag }) => !kept.has(tag));
  };

  return {
    async before(key, place, present, next, o) {
      const puts = added(present, next).map((entry) => {
        const { place, body } = placeOf(key, entry);
        return bucket.put(place, body, o);
      });
      const space = layout.spaceOf(place);
      if (isRow(next) && next.expiresAt !== undefined && space !== undefined) {
        const { place: marker, body } = named(layout.expiries, layout.expiry(next.expiresAt, space, key));
        puts.push(bucket.put(marker, body, o));
      }
      await Promise.all(puts);
    },
    async after(key, _place, present, next, o) {
      const gone = added(next, present);
      // One that stays is passed over by whoever meets it.
      await Promise.all(gone.map((entry) => bucket.remove(placeOf(key, entry).place, o).catch(() => false)));
    },
  };
}

/** An object that says all it has to say by its name, or where that is cut, by its content. */
function named({ prefix, longest }: Area, name: string): { readonly place: string; readonly body: string } {
  const cut = cutName(name, longest);
  return { place: prefix + cut, body: isCut(cut) ? name : "" };
}
