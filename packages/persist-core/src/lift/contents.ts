/**
 * The bytes of blobs, as the layout knows them. Bytes have no row while they are staged, and again after their row has let go of them. For that time a small record
 * says until when they are kept, so that what a crash leaves behind is found without looking at everything.
 */
import { corrupt, expectObject, isCount } from "./corrupt.ts";

export const chunkSize: number = 256 * 1024;
/** What is extended at once: so many bytes at most are sent again after an interruption. */
export const partBytes: number = 4 * chunkSize;
export const stagedFor: number = 24 * 60 * 60 * 1000;
export const releasedFor: number = 10 * 60 * 1000;

/** Bytes that no row names. */
export interface Unnamed {
  /** When they may go: milliseconds since the epoch. */
  readonly due: number;
  /** How many; absent where they were still coming. */
  readonly chunks?: number;
  /** Of those that come in parts, the bytes that are sure to be there. There may be more behind them, which an interruption left. */
  readonly size?: number;
}

export function parseUnnamed(data: unknown, physicalKey: string): Unnamed {
  return expectObject<Unnamed>(data, physicalKey, ({ due, chunks, size }) => {
    return Number.isFinite(due) && [chunks, size].every((count) => count === undefined || isCount(count));
  });
}

/** What a row calls its bytes: the name of their keys, and their size. */
export interface Content {
  readonly id: string;
  readonly chunks: number;
}

export function newContentId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function contentToken(id: string, size: number): string {
  return `${id}-${size}`;
}

export function parseToken(token: string): Content {
  const match = /^([0-9a-f]+)-(\d+)$/.exec(token);
  if (match === null) throw corrupt(token, "a blob's content has no such name");
  return { id: match[1] as string, chunks: Math.ceil(Number(match[2]) / chunkSize) };
}
