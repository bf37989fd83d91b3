/**
 * What the engine asks of a bucket, and what a server answers, without anything of the driver. Keys are whole object keys. Whatever is made of these calls is judged by
 * conditions on ETags; a body is unlike every other one that was ever put under its key, so an ETag names one write.
 *
 * Errors are PersistErrors. What a server refuses for the moment (503, 429, a broken connection) is tried again until the deadline, within a budget.
 */

/** How long somebody waits. */
export interface Patience {
  /** By `performance.now()`. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** Left out: whatever is there. `null`: nothing must be there. Else the ETag of what must be there. */
export type IfEtag = string | null | undefined;

export interface ObjectFacts {
  readonly key: string;
  /** Opaque, as the server writes it, without quotes. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** By the server's clock, milliseconds since the epoch. */
  readonly lastModified: number;
  readonly contentType: string;
  /** Names in lower case; printable ASCII. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the bucket keeps versions. */
  readonly versionId?: string | undefined;
}

export interface TextObject extends ObjectFacts {
  readonly text: string;
}

export interface OpenObject extends ObjectFacts {
  /** The bytes of the range, read as they are wanted. Ending it early frees the connection; it is to be read or ended. */
  readonly body: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Cut at the end of the object. Without `length`: up to there; `suffix`: so many before it. */
export type ByteSpan = { readonly offset: number; readonly length?: number | undefined } | { readonly suffix: number };

export interface ListedObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly lastModified: number;
}

export interface ListedPage {
  /** Ascending by the bytes of the key. */
  readonly objects: readonly ListedObject[];
  /** With `delimiter`: what the rest is put together under, each ending in it. */
  readonly prefixes: readonly string[];
  readonly more: boolean;
  /** The server's clock, milliseconds since the epoch. */
  readonly time: number;
}

export interface Headers {
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * `stored`: it is there. `refused`: the condition did not hold when the server judged it. Where an answer was lost on the way the same request was sent again; then a refused one is
 * `doubtful`: what is in its way may be its own doing, and whoever can tell reads it.
 *
 * Throws with `outcome: "unknown"` where it may have happened, or may happen still as long as its condition holds.
 */
export type PutAnswer =
  | { readonly outcome: "stored"; readonly etag: string; readonly versionId?: string | undefined }
  | { readonly outcome: "refused"; readonly doubtful: boolean };

export interface UploadedPart {
  /** From 1, ascending, with holes where need be. */
  readonly number: number;
  readonly etag: string;
}

export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiated: number;
}

/** What the server was found to enforce. */
export interface Enforced {
  /** `If-Match` and `If-None-Match` of PUT, between any writers. Else they are made exact within this process. */
  readonly puts: boolean;
  /** `If-Match` of DELETE. */
  readonly deletes: boolean;
  /** Both, of the target of a copy. */
  readonly copies: boolean;
  /** Both, of the completion of an upload in parts. */
  readonly completions: boolean;
}

export interface Bucket {
  /** For messages. */
  readonly name: string;
  readonly enforced: Enforced;

  /** The whole object as text; `undefined` where there is none. For what is small. */
  readText(key: string, o: Patience): Promise<TextObject | undefined>;
  head(key: string, o: Patience & { readonly versionId?: string | undefined }): Promise<ObjectFacts | undefined>;
  /**
   * The facts and the bytes with one request. With `ifEtag`: `undefined` also where something else is there by now. A connection that breaks is resumed behind what was read, as long as the
   * same object is there; else the body throws CONFLICT.
   */
  open(
    key: string,
    o: Patience & {
      readonly span?: ByteSpan | undefined;
      readonly ifEtag?: string | undefined;
      readonly versionId?: string | undefined;
    },
  ): Promise<OpenObject | undefined>;
  put(key: string, body: string | Uint8Array, o: Patience & Headers & { readonly ifEtag?: IfEtag }): Promise<PutAnswer>;
  /** Removing what is absent is no error. With `ifEtag`, only where `enforced.deletes` or within this process: `false` where something else is there. */
  remove(key: string, o: Patience & { readonly ifEtag?: string | undefined }): Promise<boolean>;
  list(
    prefix: string,
    o: Patience & { readonly after?: string | undefined; readonly limit: number; readonly delimiter?: "/" | undefined },
  ): Promise<ListedPage>;
  /**
   * The bytes of `from` under another key, moved by the server, in parts where it is larger than one copy may be. `refused`, too, where the source is not `fromEtag` any more. `ifEtag` where
   * `enforced.copies`.
   */
  copy(
    from: string,
    to: string,
    o: Patience & Headers & { readonly fromEtag?: string | undefined; readonly ifEtag?: IfEtag },
  ): Promise<PutAnswer>;

  /** Begins an upload in parts; tells its id. `onDoubt`: an answer was lost, so there may be another one, of which nobody knows the id. */
  beginUpload(key: string, o: Patience & Headers & { readonly onDoubt?: (() => void) | undefined }): Promise<string>;
  /** Part bodies of 5 MiB to 5 GiB, but for the last. NOT_FOUND where the upload has ended. */
  uploadPart(
    key: string,
    uploadId: string,
    number: number,
    body: Uint8Array,
    o: Patience & { readonly onProgress?: ((bytes: number) => void) | undefined },
  ): Promise<UploadedPart>;
  /** All of another object, `size` bytes of it, as a part; moved by the server. `undefined` where that is not what the ETag names any more. */
  copyPart(
    key: string,
    uploadId: string,
    number: number,
    o: Patience & { readonly from: string; readonly fromEtag: string; readonly size: number },
  ): Promise<UploadedPart | undefined>;
  /** `ifEtag` where `enforced.completions`. NOT_FOUND where the upload has ended, be it by this very call; some servers answer that it is stored, where what it made is there. */
  completeUpload(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
    o: Patience & { readonly ifEtag?: IfEtag },
  ): Promise<PutAnswer>;
  /** Of what has ended already: nothing. */
  abortUpload(key: string, uploadId: string, o: Patience): Promise<void>;
  /** Those under way below the prefix, at most 1 000 behind the given one. */
  listUploads(
    prefix: string,
    o: Patience & { readonly after?: OpenUpload | undefined },
  ): Promise<{ readonly uploads: readonly OpenUpload[]; readonly more: boolean; readonly time: number }>;

  /** A URL that anybody may use, for so many seconds. */
  sign(
    key: string,
    o: { readonly method: "GET" | "PUT"; readonly seconds: number; readonly contentType?: string | undefined },
  ): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }>;

  /** The client of the SDK. */
  raw(): unknown;
  close(): Promise<void>;
}
