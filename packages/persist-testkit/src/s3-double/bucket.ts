import type { ByteString } from "./byte-string.ts";
import type { Checksum, ChecksumAlgorithm, ChecksumType } from "./checksum.ts";
import type { Content } from "./content.ts";
import type { CorsRule } from "./cors.ts";
import { createKeyTable, type KeyTable } from "./key-table.ts";
import type { Metadata } from "./metadata.ts";
import { S3Error } from "./s3-error.ts";

/** Never changed: each write makes another one. */
export interface StoredObject {
  readonly key: ByteString;
  readonly content: Content;
  /** Without quotes. */
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly metadata: Metadata;
  readonly checksum: Checksum | undefined;
}

export interface Part {
  readonly number: number;
  readonly content: Content;
  readonly md5: Buffer;
  readonly modified: number;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
}

/** An upload in parts that is neither completed nor aborted. */
export interface Upload {
  readonly id: string;
  readonly key: ByteString;
  readonly metadata: Metadata;
  readonly initiated: number;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
  readonly parts: Map<number, Part>;
}

export interface Bucket {
  readonly name: string;
  readonly created: number;
  readonly objects: KeyTable<StoredObject>;
  /** By id. */
  readonly uploads: Map<string, Upload>;
  /** The first one that fits counts. Empty: no page of another origin may ask for anything. */
  cors: readonly CorsRule[];
}

export type Buckets = Map<string, Bucket>;

export function addBucket(buckets: Buckets, name: string, created: number): void {
  if (!/^(?=.{3,63}$)[a-z0-9][a-z0-9.-]*[a-z0-9]$/.test(name) || name.includes("..")) {
    throw new S3Error(400, "InvalidBucketName", `The specified bucket is not valid: ${name}`, { BucketName: name });
  }
  buckets.set(name, { name, created, objects: createKeyTable(), uploads: new Map(), cors: [] });
}

export function bucketNamed(buckets: Buckets, name: string): Bucket {
  const bucket = buckets.get(name);
  if (bucket !== undefined) return bucket;
  throw new S3Error(404, "NoSuchBucket", "The specified bucket does not exist", { BucketName: name });
}
