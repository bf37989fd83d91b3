/** What is stored of a blob beside its bytes, as the value of its row. */
import type { BlobInfo, BlobItem, BlobPutOptions } from "../api/blobs.ts";
import type { Answer, BlobFacts, Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { utf8Length } from "../keys.ts";

/** Names of options, beside those of every operation. */
export const conditionNames: readonly string[] = ["ifMatch", "ifNoneMatch"];
export const putNames: readonly string[] = [...conditionNames, "contentType", "metadata", "digest", "onProgress"];

export const maxMetadataBytes = 1024;

/** Of content without a type of its own. */
export const defaultType = "application/octet-stream";

export function toFacts(
  size: number,
  sha256: string,
  contentType: string,
  metadata: Record<string, string>,
): BlobFacts {
  return { size, digest: `sha-256:${sha256}`, etag: sha256, contentType, metadata };
}

/** `undefined` where nobody knows it. */
export function sha256Of(digest: BlobInfo["digest"]): string | undefined {
  const hex = digest.slice("sha-256:".length);
  return hex === "" ? undefined : hex;
}

/** Throws INVALID_VALUE unless the digest that is wanted (`undefined`: any) is that of the content. */
export function checkDigest(
  operation: string,
  key: string,
  wanted: BlobInfo["digest"] | undefined,
  sha256: string,
): void {
  if (wanted === undefined || wanted === `sha-256:${sha256}`) return;
  throw new PersistError(
    "INVALID_VALUE",
    `${operation}: the content of "${key}" has the digest sha-256:${sha256}, and not the one given; nothing was stored.`,
    { operation, key },
  );
}

export function toInfo(key: string, facts: BlobFacts, time = 0): BlobInfo {
  const { size, etag, digest, contentType, metadata } = facts;
  return { key, size, etag, digest, contentType, metadata: { ...metadata }, lastModified: new Date(time) };
}

export function toItem(row: Row): BlobItem {
  const { size, etag } = parseFacts(row);
  return { key: row.key, size, etag, lastModified: new Date(row.updatedAt ?? 0) };
}

export function parseFacts(row: Pick<Row, "value">): BlobFacts {
  return JSON.parse(row.value) as BlobFacts;
}

/** Those that a put has stored: what it was given, unless the engine says otherwise. */
export function storedFacts(given: BlobFacts, answer: Answer | undefined): BlobFacts {
  return answer?.value === undefined ? given : parseFacts({ value: answer.value });
}

export interface PutOptions extends Pick<BlobPutOptions, "digest" | "onProgress" | "contentType"> {
  readonly metadata: Record<string, string>;
}

/** The options of a put, checked. */
export function parsePutOptions(operation: string, o: BlobPutOptions = {}): PutOptions {
  const invalid = (problem: string) => new PersistError("INVALID_ARGUMENT", `${operation}: ${problem}.`);
  const { contentType, metadata = {}, digest, onProgress } = o;
  if (contentType !== undefined && !isHeaderText(contentType)) {
    throw invalid("contentType must be a text of 1 to 255 printable ASCII characters");
  }
  if (digest !== undefined && !/^sha-256:[0-9a-f]{64}$/.test(digest)) {
    throw invalid('digest must be "sha-256:" and 64 lower-case hex digits');
  }
  if (onProgress !== undefined && typeof onProgress !== "function") throw invalid("onProgress must be a function");
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw invalid("metadata must be an object of strings");
  }
  let bytes = 0;
  for (const [name, text] of Object.entries(metadata)) {
    if (name === "" || typeof text !== "string" || !name.isWellFormed() || !text.isWellFormed()) {
      throw invalid(`metadata ${JSON.stringify(name)} must be a well-formed string under a non-empty name`);
    }
    bytes += utf8Length(name) + utf8Length(text);
  }
  if (bytes > maxMetadataBytes) {
    throw new PersistError(
      "TOO_LARGE",
      `${operation}: the metadata is ${bytes} bytes; the limit is ${maxMetadataBytes} (1 KiB).`,
    );
  }
  return {
    metadata,
    ...(contentType === undefined ? {} : { contentType }),
    ...(digest === undefined ? {} : { digest }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}

/** Whether it may be a content type. */
export function isHeaderText(text: unknown): boolean {
  return typeof text === "string" && /^[\x20-\x7e]{1,255}$/.test(text);
}
