/** What is stored of a blob beside its bytes, as the value of its row. */
import type { BlobInfo, BlobPutOptions } from "../api/blobs.ts";
import type { Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { utf8Length } from "../keys.ts";

export type BlobFacts = Pick<BlobInfo, "size" | "digest" | "etag" | "contentType" | "metadata">;

export const maxMetadataBytes = 1024;

export function parseFacts(row: Row): BlobFacts {
  return JSON.parse(row.value) as BlobFacts;
}

/** The options of a put, checked. */
export function parsePutOptions(o: BlobPutOptions = {}): Pick<
  BlobPutOptions,
  "digest" | "onProgress" | "contentType"
> & {
  metadata: Record<string, string>;
} {
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
      `blobs.put: the metadata is ${bytes} bytes; the limit is ${maxMetadataBytes} (1 KiB).`,
    );
  }
  return {
    metadata,
    ...(contentType === undefined ? {} : { contentType }),
    ...(digest === undefined ? {} : { digest }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}

function isHeaderText(text: unknown): boolean {
  return typeof text === "string" && /^[\x20-\x7e]{1,255}$/.test(text);
}

function invalid(problem: string): PersistError {
  return new PersistError("INVALID_ARGUMENT", `blobs.put: ${problem}.`);
}
