/** What the blobs of one scope are made of. */
import type { BlobObjects } from "./blob-objects.ts";
import type { BlobPlaces } from "./blob-places.ts";
import type { Bucket } from "./bucket.ts";
import type { KnownBlobs } from "./known-blobs.ts";
import type { OpenUploads } from "./open-uploads.ts";
import type { Pieces } from "./pieces.ts";
import type { Sidecars } from "./sidecars.ts";
import type { StagedHere } from "./staging.ts";

export interface BlobParts {
  readonly bucket: Bucket;
  readonly places: BlobPlaces;
  readonly sidecars: Sidecars;
  readonly known: KnownBlobs;
  readonly objects: BlobObjects;
  readonly openUploads: OpenUploads;
  readonly pieces: Pieces;
  readonly here: StagedHere;
  /** Bytes. */
  readonly partSize: number;
}
