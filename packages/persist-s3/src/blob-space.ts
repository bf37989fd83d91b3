/** The blobs of one scope as objects: what the engine needs of them. */
import type {
  Answer,
  Bytes,
  CommitResult,
  DeleteOp,
  EngineOptions,
  KeyRange,
  PutOp,
  Row,
  ScanPage,
} from "@cuitty/persist-core";
import { createBlobBytes } from "./blob-bytes.ts";
import { createBlobCommits, type PreparedBlob } from "./blob-commits.ts";
import { createBlobObjects } from "./blob-objects.ts";
import type { BlobParts } from "./blob-parts.ts";
import { createBlobPlaces } from "./blob-places.ts";
import { createBlobRows } from "./blob-rows.ts";
import { createBlobSources } from "./blob-sources.ts";
import { createBlobSweep } from "./blob-sweep.ts";
import type { BlobWrite } from "./blob-write.ts";
import type { Bucket, Patience } from "./bucket.ts";
import { briefly, takeAway } from "./giving-up.ts";
import { createKnownBlobs } from "./known-blobs.ts";
import { createOpenUploads } from "./open-uploads.ts";
import { createPieces } from "./pieces.ts";
import { createBlobPutting } from "./putting-blobs.ts";
import { createSidecars } from "./sidecars.ts";
import type { StagedHere } from "./staging.ts";

export type { PreparedBlob } from "./blob-commits.ts";
export type { BlobWrite } from "./blob-write.ts";

export interface BlobSpace {
  read(keys: readonly string[], o: EngineOptions): Promise<readonly (Row | undefined)[]>;
  scan(range: KeyRange, o: EngineOptions): Promise<ScanPage>;
  readonly bytes: Bytes;
  /** A list that writes one blob and nothing else. */
  commitAlone(op: PutOp | DeleteOp, o: EngineOptions): Promise<CommitResult>;
  /** For a commit of several keys: judges the condition, and makes the bytes durable. */
  prepare(op: PutOp | DeleteOp, o: EngineOptions): Promise<PreparedBlob | { readonly outcome: "conflict" }>;
  /** What was prepared is not to be: takes away what was made for it, and leaves what core has the token of. */
  giveUp(write: BlobWrite): Promise<void>;
  /** Of one that this process has put in its place: what there is to tell of it. Nothing where others have put it there, or something else since. */
  tell(write: BlobWrite): Answer | undefined;
  /**
   * Puts it in its place: by any process, any number of times, and only where nobody has written since.
   */
  apply(write: BlobWrite, o: Patience): Promise<void>;
  sweep(o: EngineOptions): Promise<{ readonly more: boolean }>;
  close(): Promise<void>;
}

/** `root` ends in a slash. */
export function openBlobSpace(
  bucket: Bucket,
  root: string,
  { partSize, concurrency }: { partSize: number; concurrency: number },
): BlobSpace {
  const places = createBlobPlaces(root);
  const sidecars = createSidecars(bucket, places);
  const known = createKnownBlobs();
  const objects = createBlobObjects(bucket, places, sidecars, known);
  const openUploads = createOpenUploads(bucket, places);
  const pieces = createPieces(bucket, places, partSize);
  const here: StagedHere = { memory: new Map(), sent: new Map(), copies: new Map() };
  const parts: BlobParts = { bucket, places, sidecars, known, objects, openUploads, pieces, here, partSize };
  const sources = createBlobSources(parts);
  const putting = createBlobPutting(parts);

  return {
    ...createBlobRows(bucket, places, objects, concurrency),
    bytes: createBlobBytes(parts),
    ...createBlobCommits(parts, sources, putting),
    apply: putting.apply,
    sweep: createBlobSweep(bucket, places),
    async close() {
      // What is staged and not put is lost with this process.
      for (const { upload } of here.sent.values()) await takeAway(openUploads.abort(upload, briefly()));
      for (const staged of Object.values(here)) staged.clear();
    },
  };
}
