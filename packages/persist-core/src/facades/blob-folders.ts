/** Listings of blobs: all keys, or as folders. */
import type { BlobItem } from "../api/blobs.ts";
import type { Listing, RangeOptions } from "../api/listings.ts";
import { beginCall } from "../calls.ts";
import type { Bound } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Gate } from "../gate.ts";
import { checkKey, prefixEnd } from "../keys.ts";
import { createListing } from "../listing.ts";
import { parseRange, rangeNames } from "../ranges.ts";
import { listRows } from "../row-listing.ts";
import { toItem } from "./blob-facts.ts";

const operation = "blobs.list";

type FolderOptions = RangeOptions & { readonly delimiter: "/" };

export interface BlobLister {
  (o: FolderOptions): Listing<BlobItem | { prefix: string }>;
  (o?: RangeOptions): Listing<BlobItem>;
}

export function createBlobLister(gate: Gate): BlobLister {
  const listAll = (o?: RangeOptions) =>
    listRows(gate, "blobs", operation, o, { keysOnly: false, sizesOnly: true, show: toItem });

  function list(o: FolderOptions): Listing<BlobItem | { prefix: string }>;
  function list(o?: RangeOptions): Listing<BlobItem>;
  function list(o?: RangeOptions | FolderOptions): Listing<BlobItem | { prefix: string }> {
    if (typeof o !== "object" || o === null || !("delimiter" in o)) return listAll(o);
    const { delimiter, ...range } = o;
    return delimiter === undefined ? listAll(range) : listFolders(gate, delimiter, range);
  }
  return list;
}

/** Keys that are read at once: a folder costs so many at most. Follows how many of them were told. */
const reads = { first: 64, least: 8 };

function listFolders(gate: Gate, delimiter: string, o: RangeOptions): Listing<BlobItem | { prefix: string }> {
  if (delimiter !== "/") {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: delimiter can only be "/".`);
  }
  const begin = () => beginCall(operation, undefined, o, rangeNames);
  begin(); // a malformed option is refused here, and not when the listing is read
  const { page, ...range } = parseRange(operation, o);
  const { prefix = "", reverse = false } = o;

  /** The folder that the key is in, or that a place behind one names; `undefined` for what stands by itself. */
  const folderOf = (key: string): string | undefined => {
    const end = key.indexOf("/", prefix.length);
    return end === -1 ? undefined : key.slice(0, end + 1);
  };
  /** Where to go on. Whoever was told of a folder is not to read what is in it. */
  const beyond = (after: string | undefined): string | Bound | undefined => {
    if (after === undefined || folderOf(after) === undefined) return after;
    return reverse ? after : { key: prefixEnd(after) as string, inclusive: true };
  };

  let size = reads.first;
  return createListing<BlobItem | { prefix: string }>({
    operation,
    ...range,
    query: () => [...range.query(), delimiter],
    checkPlace: (after) => checkKey(after, "cursor"),
    reader: () => async (after, count) => {
      const keys = page(beyond(after), Math.min(count, size), false);
      const { rows, more } = await gate.scan("blobs", { ...keys, sizesOnly: true }, begin());
      const items: (BlobItem | { prefix: string })[] = [];
      let last: string | undefined;
      for (const row of rows) {
        const folder = folderOf(row.key);
        if (folder !== undefined && folder === last) continue;
        items.push(folder === undefined ? toItem(row) : { prefix: folder });
        last = folder ?? row.key;
      }
      size = Math.max(reads.least, 2 * items.length);
      return { items, after: more ? last : undefined };
    },
  });
}
