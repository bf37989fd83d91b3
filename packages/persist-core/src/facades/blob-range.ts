import type { ByteRange, WantedRange } from "../contract.ts";
import { PersistError } from "../errors.ts";

export type BlobRange = { offset: number; length?: number } | { suffix: number };

/** Throws INVALID_ARGUMENT unless it is a range, of whatever blob. */
export function checkBlobRange(key: string, range: BlobRange | undefined): WantedRange | undefined {
  if (range === undefined) return undefined;
  if (typeof range === "object" && range !== null) {
    if ("suffix" in range) {
      if (isCount(range.suffix) && range.suffix > 0) return { suffix: range.suffix };
    } else if (isCount(range.offset) && (range.length === undefined || isCount(range.length))) {
      return { offset: range.offset, length: range.length };
    }
  }
  throw new PersistError(
    "INVALID_ARGUMENT",
    "blobs.get: range must be { offset, length? } or { suffix }, in whole bytes.",
    { key },
  );
}

/** The part of a blob of `size` bytes, cut at its end. Throws INVALID_ARGUMENT where it starts beyond the end. */
export function cutRange(key: string, size: number, range: WantedRange | undefined): ByteRange {
  if (range === undefined) return { offset: 0, length: size };
  if ("suffix" in range) {
    const length = Math.min(range.suffix, size);
    return { offset: size - length, length };
  }
  if (range.offset <= size) {
    return { offset: range.offset, length: Math.min(range.length ?? size, size - range.offset) };
  }
  throw new PersistError(
    "INVALID_ARGUMENT",
    `blobs.get: "${key}" has ${size} bytes; the range starts at ${range.offset}.`,
    { key },
  );
}

function isCount(number: unknown): number is number {
  return Number.isSafeInteger(number) && (number as number) >= 0;
}
