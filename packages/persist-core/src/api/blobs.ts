import type { Listing, RangeOptions } from "./listings.ts";
import type { Clear, Condition, Duration, OpOptions } from "./operations.ts";

/** A string is stored as UTF-8. Streams are read once, with bounded memory, and stopped where storing fails. */
export type BlobBody =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

export interface BlobInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Names the content: equal for equal bytes, on one backend. */
  readonly etag: string;
  /** SHA-256 of the content, in lower-case hex. */
  readonly digest: `sha-256:${string}`;
  /** Default `application/octet-stream`; of a `Blob`, its own type. */
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lastModified: Date;
}

export type BlobItem = Pick<BlobInfo, "key" | "size" | "etag" | "lastModified">;

/** The blob's facts are there at once; its bytes come as they are read. Read them once, by any one of these. */
export interface StoredBlob extends BlobInfo {
  /** A whole read is checked against `digest` at its end: `CORRUPT` where it differs. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  text(): Promise<string>;
  json<T = unknown>(): Promise<T>;
  blob(): Promise<Blob>;
}

export interface BlobPutOptions extends OpOptions, Condition {
  contentType?: string;
  /** Strings by name, at most 1 KiB in all. */
  metadata?: Record<string, string>;
  /** What the content must be: else `INVALID_VALUE`, and nothing is stored. */
  digest?: `sha-256:${string}`;
  /** Called as bytes are taken from the body. `total` where the body's size is known. */
  onProgress?: (progress: { loaded: number; total?: number }) => void;
}

/** Bytes by key, streamed both ways. */
export interface Blobs {
  /** All or nothing: nobody ever reads a torn blob, and who reads the one before goes on undisturbed. */
  put(key: string, body: BlobBody, o?: BlobPutOptions): Promise<BlobInfo>;
  /** `undefined` where there is none. `range` in bytes; one that starts beyond the end is `INVALID_ARGUMENT`. */
  get(
    key: string,
    o?: OpOptions & { range?: { offset: number; length?: number } | { suffix: number }; ifMatch?: string },
  ): Promise<StoredBlob | undefined>;
  /** The facts without the bytes. */
  head(key: string, o?: OpOptions): Promise<BlobInfo | undefined>;
  has(key: string, o?: OpOptions): Promise<boolean>;
  /** `false` where there was none. */
  delete(key: string, o?: OpOptions & Condition): Promise<boolean>;
  /** In key order. */
  list(o?: RangeOptions): Listing<BlobItem>;
  /** A link that works without this store, for a while. `UNSUPPORTED` where `capabilities.signedUrls` is `"absent"`. */
  url(
    key: string,
    o?: { method?: "GET" | "PUT"; expiresIn?: Duration; contentType?: string },
  ): Promise<{ url: string; method: string; headers: Record<string, string> }>;
  /** Removes them in commits of at most 1 000, and says how many. */
  clear(what: Clear, o?: OpOptions): Promise<number>;
}
