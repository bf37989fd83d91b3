/** Uploads in pieces: beginning one, and finding it again. */
import type { BlobPutOptions, Blobs, BlobUpload } from "../api/blobs.ts";
import type { OpOptions } from "../api/operations.ts";
import type { Attempts } from "../attempts.ts";
import { beginCall } from "../calls.ts";
import { parseCondition } from "../conditions.ts";
import { PersistError } from "../errors.ts";
import type { LiveGate } from "../gate.ts";
import { checkKey } from "../keys.ts";
import { readOne } from "../reading.ts";
import { ensureConditions } from "./blob-etags.ts";
import { defaultType, parsePutOptions, putNames } from "./blob-facts.ts";
import { openUpload } from "./blob-upload.ts";
import {
  createRecord,
  newUploadToken,
  parseRecord,
  renewRecord,
  type UploadRecord,
  uploadKey,
} from "./upload-record.ts";
import { createUploadedBytes } from "./uploaded-bytes.ts";

export function createUploads(gate: LiveGate, attempts: Attempts): Pick<Blobs, "createUpload" | "resumeUpload"> {
  const create = async (key: string, o?: BlobPutOptions): Promise<BlobUpload> => {
    checkKey(key);
    const call = beginCall("blobs.createUpload", key, o, putNames);
    const etag = parseCondition("blobs.createUpload", o);
    const { onProgress, contentType = defaultType, metadata, digest } = parsePutOptions("blobs.createUpload", o);
    ensureConditions(gate, etag, call);
    const { token: content } = await gate.extend(undefined, 0, new Uint8Array(0), call);
    const record: UploadRecord = {
      key,
      content,
      contentType,
      metadata,
      ...(etag === undefined ? {} : { etag }),
      ...(digest === undefined ? {} : { digest }),
    };
    const token = newUploadToken();
    try {
      await createRecord(gate, token, record, call);
    } catch (error) {
      // Where the commit may have happened, nobody has the token: it goes after a day.
      if (!PersistError.is(error) || error.outcome !== "unknown") await gate.discard(content);
      throw error;
    }
    return openUpload({ gate, attempts, token, record, bytes: createUploadedBytes(gate, record.content), onProgress });
  };

  const resume = async (token: string, o?: OpOptions): Promise<BlobUpload> => {
    const call = beginCall("blobs.resumeUpload", undefined, o);
    gate.ensureOpen();
    call.admitted = true;
    if (typeof token !== "string") {
      throw new PersistError("INVALID_ARGUMENT", "blobs.resumeUpload takes the token of an upload, a string.");
    }
    const key = uploadKey(token);
    const row = key === undefined ? undefined : await readOne(gate, "system", key, call);
    if (row === undefined) throw notFound();
    const record = parseRecord(row);
    const bytes = createUploadedBytes(gate, record.content);
    try {
      await bytes.catchUp({ ...call, key: record.key });
    } catch (error) {
      if (!PersistError.is(error, "NOT_FOUND") && !PersistError.is(error, "CONFLICT")) throw error;
      throw notFound(error); // it was ended meanwhile
    }
    await renewRecord(gate, row.key, call);
    return openUpload({ gate, attempts, token, record, bytes, onProgress: undefined });
  };

  return {
    createUpload: (key, o) => gate.track(create(key, o)),
    resumeUpload: (token, o) => gate.track(resume(token, o)),
  };
}

function notFound(cause?: unknown): PersistError {
  return new PersistError(
    "NOT_FOUND",
    "blobs.resumeUpload: there is no upload with this token. It was completed, aborted, or idle for a day: begin another one.",
    { operation: "blobs.resumeUpload", cause },
  );
}
