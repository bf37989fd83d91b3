/**
 * Where blobs stand, and what belongs to them. A blob's name is its key as it is, so that other tools find it; there is room for all.
 */
import type { ListedArea } from "./scan.ts";

export interface BlobPlaces {
  /** The blobs themselves. */
  readonly area: ListedArea;
  of(key: string): string;
  keyOf(place: string): string;
  /** Bytes that no blob is made of yet, and uploads under way. */
  readonly staged: string;
  /** Bytes that are staged as one object. */
  stagedObject(id: string): string;
  /** What is known of an upload in parts that is under way. */
  uploadMark(id: string): string;
  /** Bytes that are staged step by step: one object for each step. */
  pieces(id: string): string;
  piece(id: string, number: number): string;
  readonly sidecars: string;
  sidecar(token: string): string;
}

export function createBlobPlaces(root: string): BlobPlaces {
  const prefix = `${root}blobs/`;
  const staged = `${root}.persist/staged/`;
  const sidecars = `${root}.persist/digests/`;
  const pieces = (id: string) => `${staged}${id}/`;
  return {
    area: { prefix },
    of: (key) => prefix + key,
    keyOf: (place) => place.slice(prefix.length),
    staged,
    stagedObject: (id) => staged + id,
    uploadMark: (id) => `${staged}${id}.upload`,
    pieces,
    piece: (id, number) => pieces(id) + String(number).padStart(5, "0"),
    sidecars,
    sidecar: (token) => sidecars + token,
  };
}
