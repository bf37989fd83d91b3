import type { Change, Watcher, WatchOptions } from "./changes.ts";
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
  /** Names the content: others have another one. On most backends equal for equal bytes; on S3 it is the server's, which also depends on how they were sent. */
  readonly etag: string;
  /**
   * SHA-256 of the content, in lower-case hex. Of a blob that was not put by this store (a foreign object on S3, or one that was sent to a link) nobody knows it: then it is `sha-256:`
   * without more, reads are not checked, and `verify` says whether all of it can be read.
   */
  readonly digest: `sha-256:${string}`;
  /** Default `application/octet-stream`; of a `Blob`, its own type. */
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** In listings of S3, by the clock of the server. */
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

/**
 * A blob that is sent in pieces and survives interruptions: whoever has its token goes on with it, in this process or another. It is seen only when it is complete. Kept for a
 * day since it last got on; then it is gone, and so are its bytes.
 *
 * Disposing of it ends its use here and keeps what is committed, for `resumeUpload`: what fails halfway is to be resumed. `abort` gives it up.
 */
export interface BlobUpload extends AsyncDisposable {
  /** For `resumeUpload`. Whoever has it can go on with the upload, so keep it as a secret. */
  readonly token: string;
  /** Bytes that are stored for good, from the start: a resumed upload need not send them again. What was written since is kept in memory, less than 1 MiB of it on most backends. */
  readonly committed: number;
  /**
   * Adds bytes of any number. Resolves when they are taken, so that who awaits it never has more than a part in memory; do not change the chunk before. Calls at once are
   * carried out in their order. After one that failed all later ones fail, because nobody knows how much of it was taken: resume, and go on behind `committed`. `CONFLICT`
   * where somebody else has gone on with the same upload differently, or has ended it.
   */
  write(chunk: Uint8Array, o?: OpOptions): Promise<void>;
  /**
   * Makes it a blob, at once and whole. Judges the conditions and the digest that `createUpload` was given: where one is not met, or where this fails otherwise, the upload
   * stays as it is, to be completed later or aborted.
   */
  complete(o?: OpOptions): Promise<BlobInfo>;
  /** Gives up what was sent. Does nothing where the upload is complete. */
  abort(): Promise<void>;
}

/** Bytes by key, streamed both ways. */
export interface Blobs {
  /**
   * All or nothing: nobody ever reads a torn blob, and who reads the one before goes on undisturbed. Where `capabilities.blobSnapshots` is `"absent"`, who has got the one before and
   * has not begun to read it gets `CONFLICT`.
   */
  put(key: string, body: BlobBody, o?: BlobPutOptions): Promise<BlobInfo>;
  /** `undefined` where there is none. `range` in bytes; one that starts beyond the end is `INVALID_ARGUMENT`. */
  get(
    key: string,
    o?: OpOptions & { range?: { offset: number; length?: number } | { suffix: number }; ifMatch?: string },
  ): Promise<StoredBlob | undefined>;
  /** The facts without the bytes. */
  head(key: string, o?: OpOptions): Promise<BlobInfo | undefined>;
  has(key: string, o?: OpOptions): Promise<boolean>;
  /** `false` where there was none. Conditions are `UNSUPPORTED` where `capabilities.blobConditions` is `"absent"`, also those of `copy`, `move`, `createUpload` and of a `put` in parts. */
  delete(key: string, o?: OpOptions & Condition): Promise<boolean>;
  /**
   * The same content, type and metadata under another key, of what was there when it was read; the target is replaced, or the condition on it is not met. `NOT_FOUND` where
   * there is nothing to copy. Onto itself it changes nothing. The bytes are not sent around where the backend can do without.
   */
  copy(from: string, to: string, o?: OpOptions & Condition): Promise<BlobInfo>;
  /** As `copy`, and `from` is gone in the same moment: nobody sees both or none. The bytes stay where they are. */
  move(from: string, to: string, o?: OpOptions & Condition): Promise<BlobInfo>;
  /**
   * As folders: what has another `/` behind the prefix is put together, and each such beginning, up to and with that `/`, is told once as `{ prefix }`, in its place among the
   * keys and without reading all that is in it. Options choose the keys; `limit` counts what is told.
   */
  list(o: RangeOptions & { delimiter: "/" }): Listing<BlobItem | { prefix: string }>;
  /** In key order. */
  list(o?: RangeOptions): Listing<BlobItem>;
  /**
   * Begins an upload in pieces, of any size and over any time. The options are those of `put`; conditions and digest are judged when it is completed. `onProgress` is called
   * as bytes are taken, and only by this object: one that is resumed has none.
   */
  createUpload(key: string, o?: BlobPutOptions): Promise<BlobUpload>;
  /**
   * Goes on with an upload behind its `committed` bytes, which are read once, for their digest. `NOT_FOUND` where the token is unknown: the upload was completed, aborted, or
   * idle for a day. Of two who resume the same at once and send different bytes, one gets `CONFLICT`.
   */
  resumeUpload(token: string, o?: OpOptions): Promise<BlobUpload>;
  /** Reads all of it and says whether it is what was stored. `NOT_FOUND` where there is none. */
  verify(key: string, o?: OpOptions): Promise<boolean>;
  /**
   * A link that works without this store, for a while: 15 minutes by default, at most 7 days. Whoever has it can use it, so treat it as a secret. The request has to have the method
   * (`GET` by default) and the headers that are told. With `PUT`, `contentType` is what it has to send, and its body becomes the blob, without conditions; its `digest` is not known then.
   *
   * `UNSUPPORTED` where `capabilities.signedUrls` is `"absent"`. `INVALID_ARGUMENT` where `.` or `..` stands between the slashes of the key, since browsers take them out.
   */
  url(
    key: string,
    o?: OpOptions & { method?: "GET" | "PUT"; expiresIn?: Duration; contentType?: string },
  ): Promise<{ url: string; method: string; headers: Record<string, string> }>;
  /** Removes them in commits of at most 1 000, and says how many. */
  clear(what: Clear, o?: OpOptions): Promise<number>;
  /** What changes at a key, or at all keys with a prefix: the blob's facts after each write, and each deletion. See `WatchOptions`. */
  watch(what: string | { prefix: string }, o?: WatchOptions): Watcher<Change<BlobInfo>>;
}
