/** Reading blobs' rows: one by one, or a page in order. */
import { commonPrefix, type EngineOptions, type KeyRange, type Row, type ScanPage } from "@cuitty/persist-core";
import { type BlobObjects, toListedRow } from "./blob-objects.ts";
import type { BlobPlaces } from "./blob-places.ts";
import type { Bucket } from "./bucket.ts";
import { inParallel } from "./in-parallel.ts";
import { type ListedName, listNames, type NameRange } from "./scan.ts";

export interface BlobRows {
  read(keys: readonly string[], o: EngineOptions): Promise<readonly (Row | undefined)[]>;
  scan(range: KeyRange, o: EngineOptions): Promise<ScanPage>;
}

export function createBlobRows(
  bucket: Bucket,
  places: BlobPlaces,
  objects: BlobObjects,
  concurrency: number,
): BlobRows {
  return {
    async read(keys, o) {
      const seen = await inParallel(keys, concurrency, (key) => objects.look(places.of(key), o));
      return seen.map((one, i) => one && { ...one.row, key: keys[i] as string });
    },

    async scan(range, o) {
      const { limit, sizesOnly, keysOnly, namesOnly } = range;
      const rowOf = async (listed: ListedName): Promise<Row | undefined> => {
        const key = listed.name;
        if (!isKey(key)) return undefined; // others have put it, such as what stands for a folder
        if (sizesOnly || (keysOnly && namesOnly)) return toListedRow(key, listed);
        const seen = await objects.look(listed.key, o);
        return seen && (keysOnly ? { ...seen.row, value: "" } : seen.row);
      };
      const rows: Row[] = [];
      for await (const names of listNames(bucket, places.area, toNames(range), limit + 1, async (place) => place, o)) {
        for (const row of await inParallel(names.slice(0, limit + 1 - rows.length), concurrency, rowOf)) {
          if (row === undefined) continue;
          if (rows.length === limit) return { rows, more: true };
          rows.push(row);
        }
      }
      return { rows, more: false };
    },
  };
}

function toNames({ lower, upper, reverse }: KeyRange): NameRange {
  return {
    lower: lower && { name: lower.key, inclusive: lower.inclusive },
    upper: upper && { name: upper.key, inclusive: upper.inclusive },
    prefix: commonPrefix(lower?.key, upper?.inclusive === false ? upper.key : undefined),
    reverse,
  };
}

const mostKeyBytes = 512;
const isKey = (name: string): boolean => name !== "" && Buffer.byteLength(name) <= mostKeyBytes;
