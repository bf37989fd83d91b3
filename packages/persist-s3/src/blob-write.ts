/** What anybody needs to put a blob in its place, or to take it away: JSON data, so that the log can hold it. */
import type { BlobFacts } from "@cuitty/persist-core";
import type { BlobHeaders } from "./blob-headers.ts";
import type { UploadedPart } from "./bucket.ts";

export type BlobWrite = BlobPut | BlobRemoval | NoWrite;

interface Written {
  readonly key: string;
  readonly place: string;
  /** Of what it replaces; `null`: nothing. */
  readonly ifEtag: string | null;
  /** The sidecar of what it replaces. */
  readonly replaced?: string | undefined;
}

export interface BlobPut extends Written, SourcedPut {
  readonly do: "put";
}

export interface BlobRemoval extends Written {
  readonly do: "delete";
  readonly ifEtag: string;
}

/** Of a deletion of what is not there. */
export interface NoWrite {
  readonly do: "nothing";
  readonly key: string;
}

export interface SourcedPut {
  readonly version: string;
  /** The facts as core has made them, as JSON. */
  readonly value: string;
  readonly headers: BlobHeaders;
  /** Of its own. */
  readonly sidecar?: string | undefined;
  readonly source: Source;
  /** Pieces that are of no use afterwards. */
  readonly pieces?: string | undefined;
}

export type Source =
  /** A staged object, which is taken away afterwards. `isOwn`: made for this write, and of no use without it. */
  | {
      readonly from: "object";
      readonly id: string;
      readonly etag: string;
      readonly size: number;
      readonly isOwn?: true | undefined;
    }
  /** Another blob, which stays as it is. */
  | { readonly from: "blob"; readonly place: string; readonly etag: string; readonly size: number }
  /** Parts that have arrived, of an upload to the very place. `isOwn`: made for this write, and of no use without it. */
  | {
      readonly from: "upload";
      readonly id: string;
      readonly place: string;
      readonly uploadId: string;
      readonly parts: readonly UploadedPart[];
      readonly isOwn: boolean;
    };

/** The facts with the server's ETag, as JSON. */
export function valueWith(value: string, etag: string): string {
  const facts: BlobFacts = { ...(JSON.parse(value) as BlobFacts), etag };
  return JSON.stringify(facts);
}
