import type { BlobFacts, CommitResult, DeleteOp, EngineOptions, PutOp, Row } from "@cuitty/persist-core";
import { type BlobSpace, openBlobSpace } from "../src/blob-space.ts";
import type { Bucket } from "../src/bucket.ts";
import { inTime } from "./buckets.ts";

/** The least that servers take. */
export const partSize = 5 * 1024 * 1024;

export const root = "app/";

export const spaceOn = (bucket: Bucket): BlobSpace => openBlobSpace(bucket, root, { partSize, concurrency: 8 });

export const now = (time: number = Date.now()): EngineOptions => ({ ...inTime(), now: time });

let made = 0;
export const newVersion = (): string => `v${++made}`;

export async function* inChunks(bytes: Uint8Array, size = 300_000): AsyncIterable<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

export interface PutOptions {
  readonly metadata?: Record<string, string>;
  readonly contentType?: string;
  readonly ifVersion?: string | null | undefined;
  readonly version?: string;
}

/** Stages it, as core does. */
export async function stagedPut(
  space: BlobSpace,
  key: string,
  bytes: Uint8Array,
  { metadata = {}, contentType = "a/b", ifVersion, version = newVersion() }: PutOptions = {},
  o: EngineOptions = now(),
): Promise<PutOp> {
  const target = { key, size: bytes.length, contentType, metadata, conditional: ifVersion !== undefined };
  const { token, size, sha256 } = await space.bytes.stage(inChunks(bytes), o, target);
  return putOf(key, token, { size, sha256, metadata, contentType, ifVersion, version });
}

export function putOf(
  key: string,
  content: string,
  o: PutOptions & { readonly size: number; readonly sha256?: string | undefined },
): PutOp {
  const { size, sha256 = "", metadata = {}, contentType = "a/b", ifVersion, version = newVersion() } = o;
  const facts: BlobFacts = { size, digest: `sha-256:${sha256}`, etag: sha256, contentType, metadata };
  return { op: "put", space: "blobs", key, value: JSON.stringify(facts), version, content, ifVersion };
}

export async function put(space: BlobSpace, key: string, bytes: Uint8Array, o?: PutOptions): Promise<CommitResult> {
  return space.commitAlone(await stagedPut(space, key, bytes, o), now());
}

export const removal = (key: string, ifVersion?: string | null): DeleteOp => ({
  op: "delete",
  space: "blobs",
  key,
  version: newVersion(),
  ifVersion,
});

export async function rowAt(space: BlobSpace, key: string): Promise<Row | undefined> {
  return (await space.read([key], now()))[0];
}

export const factsOf = ({ value }: Row): BlobFacts => JSON.parse(value) as BlobFacts;

/** As `get` reads it. */
export async function contentAt(space: BlobSpace, key: string): Promise<Buffer | undefined> {
  const found = await space.bytes.fetch?.(key, undefined, now());
  if (found === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of found.open(now())) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Keys of what is Persist's own. */
export async function leftOvers(bucket: Bucket): Promise<string[]> {
  const { objects } = await bucket.list(`${root}.persist/`, { ...inTime(), limit: 1000 });
  const { uploads } = await bucket.listUploads("", inTime());
  return [...objects.map(({ key }) => key), ...uploads.map(({ key }) => `upload to ${key}`)];
}
