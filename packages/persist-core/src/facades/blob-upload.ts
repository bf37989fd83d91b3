/** An upload in this process. */
import type { BlobInfo, BlobPutOptions, BlobUpload } from "../api/blobs.ts";
import type { OpOptions } from "../api/operations.ts";
import { type Attempt, type Attempts, attemptOf } from "../attempts.ts";
import { aborted, beginCall, type Call, renewed } from "../calls.ts";
import type { BlobFacts } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { LiveGate } from "../gate.ts";
import { readOne } from "../reading.ts";
import { versionFor } from "./blob-etags.ts";
import { checkDigest, parseFacts, storedFacts, toFacts, toInfo } from "./blob-facts.ts";
import { isRenewalDue, renewRecord, type UploadRecord, uploadKey } from "./upload-record.ts";
import type { UploadedBytes } from "./uploaded-bytes.ts";

export interface UploadParts {
  readonly gate: LiveGate;
  readonly attempts: Attempts;
  readonly token: string;
  readonly record: UploadRecord;
  readonly bytes: UploadedBytes;
  readonly onProgress: BlobPutOptions["onProgress"];
}

export function openUpload({ gate, attempts, token, record, bytes, onProgress }: UploadParts): BlobUpload {
  const { key } = record;
  const rowKey = uploadKey(token) as string;
  /** Of the blob that it becomes: so a completion whose answer was lost is recognised. */
  const version = gate.version();
  let renewedAt = gate.now();
  let turn: Promise<unknown> = Promise.resolve();
  /** Why nothing can be written any more. */
  let refusal: string | undefined;
  let failure: unknown;
  let completed: BlobInfo | undefined;

  const begin = (operation: string, o: OpOptions | undefined): Call => {
    const call = beginCall(operation, key, o);
    gate.ensureOpen();
    call.admitted = true;
    return call;
  };

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return gate.track(mine);
  };

  const ensureSound = ({ operation }: Call) => {
    if (failure === undefined) return;
    const reason = failure instanceof Error ? failure.message : String(failure);
    throw new PersistError(
      PersistError.is(failure) ? failure.code : "INTERNAL",
      `${operation}: an earlier write failed (${reason}) Resume the upload by its token, and go on behind committed.`,
      { operation, key, cause: failure },
    );
  };

  const take = async (chunk: Uint8Array, call: Call): Promise<void> => {
    if (call.signal?.aborted === true) throw aborted(call);
    await bytes.take(chunk, call);
    if (!isRenewalDue(gate, renewedAt)) return;
    await bytes.flush(call);
    await renewRecord(gate, rowKey, call);
    renewedAt = gate.now();
  };

  /** The blob is put and the upload ends, in one commit. */
  const settle = async (facts: BlobFacts, call: Call): Promise<Attempt<BlobInfo>> => {
    const row = await readOne(gate, "system", rowKey, call);
    if (row === undefined) {
      const blob = await readOne(gate, "blobs", key, call);
      if (blob?.version === version) return { value: toInfo(key, parseFacts(blob), blob.updatedAt) };
      throw ended(call);
    }
    const staged = await gate.extended(bytes.token, call);
    if (staged === undefined) throw ended(call);
    if (staged.size !== facts.size) throw overtaken(call);
    const ifVersion = await versionFor(gate, record.etag, key, call);
    const value = JSON.stringify(facts);
    const applied = await attemptOf(
      gate.commit(
        [
          { op: "put", space: "blobs", key, value, version, content: bytes.token, ifVersion },
          { op: "delete", space: "system", key: rowKey, version: gate.version(), ifVersion: row.version },
        ],
        call,
      ),
    );
    // Told without the conflict's own words, which name the token.
    if ("conflict" in applied) return { conflict: ended(call) };
    const { time, answers } = applied.value;
    return { value: toInfo(key, storedFacts(facts, answers[0]), time) };
  };

  const complete = async (call: Call): Promise<BlobInfo> => {
    ensureSound(call);
    if (bytes.committed < bytes.size) {
      await bytes.flush(call).catch((error: unknown) => {
        throw explained(error, call);
      });
    }
    const sha256 = bytes.sha256();
    checkDigest(call.operation, key, record.digest, sha256);
    const facts = toFacts(bytes.size, sha256, record.contentType, record.metadata);
    const committing = renewed(call);
    completed = await attempts.run(gate, committing, undefined, () => settle(facts, committing));
    return completed;
  };

  return {
    token,
    get committed() {
      return bytes.committed;
    },

    async write(chunk, o) {
      const call = begin("upload.write", o);
      if (!(chunk instanceof Uint8Array)) throw invalid(call, "it takes a Uint8Array");
      if (refusal !== undefined) throw invalid(call, refusal);
      await inTurn(async () => {
        ensureSound(call);
        await take(chunk, call).catch((error: unknown) => {
          failure = explained(error, call);
          throw failure;
        });
      });
      onProgress?.({ loaded: bytes.size });
    },

    async complete(o) {
      const call = begin("upload.complete", o);
      if (completed !== undefined) return completed;
      if (refusal !== undefined && refusal !== completing) throw invalid(call, refusal);
      refusal = completing;
      return inTurn(() => complete(call));
    },

    async abort() {
      if (completed !== undefined) return;
      const call = begin("upload.abort", undefined);
      refusal = "the upload was aborted";
      await inTurn(async () => {
        const remove = { op: "delete", space: "system", key: rowKey, version: gate.version() } as const;
        const { answers } = await gate.commit([remove], renewed(call));
        // Else they may belong to a blob.
        if (answers[0]?.existed === true) await gate.discard(bytes.token);
      });
    },

    async [Symbol.asyncDispose]() {
      refusal ??= "the upload was disposed of; resume it by its token";
      await turn;
    },
  };
}

const completing = "complete was called already";

/** What extending the bytes said, in the words of an upload. */
function explained(error: unknown, call: Call): unknown {
  if (PersistError.is(error, "NOT_FOUND")) return ended(call, error);
  return PersistError.is(error, "CONFLICT") ? overtaken(call, error) : error;
}

function ended({ operation, key }: Call, cause?: unknown): PersistError {
  return new PersistError(
    "CONFLICT",
    `${operation}: the upload of "${key}" has ended elsewhere: it was completed, aborted, or idle for a day.`,
    { operation, key, cause, retryable: false },
  );
}

function overtaken({ operation, key }: Call, cause?: unknown): PersistError {
  return new PersistError(
    "CONFLICT",
    `${operation}: somebody else has gone on with the upload of "${key}", with other bytes. Resume it by its token to go on behind theirs.`,
    { operation, key, cause, retryable: false },
  );
}

function invalid({ operation, key }: Call, problem: string): PersistError {
  return new PersistError("INVALID_ARGUMENT", `${operation}: ${problem}.`, { operation, key });
}
