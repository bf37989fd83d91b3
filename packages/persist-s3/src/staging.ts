/**
 * Staging the bytes of one blob. What fits into a part stays in memory and is one request when it is put. What is longer is sent in parts while it is read: to its very place where that is known, else to an object of
 * its own.
 */
import {
  type BlobTarget,
  type Bytes,
  createSha256,
  type EngineOptions,
  PersistError,
  refuseAbortedTransfer,
  type Staged,
} from "@cuitty/persist-core";
import { type Aside, writeHeaders } from "./blob-headers.ts";
import type { BlobPlaces } from "./blob-places.ts";
import type { Bucket, UploadedPart } from "./bucket.ts";
import { writeContent } from "./contents.ts";
import { notApplied } from "./errors.ts";
import { briefly, takeAway } from "./giving-up.ts";
import type { OpenUpload, OpenUploads } from "./open-uploads.ts";
import { createPartSender, mostParts } from "./sent-parts.ts";

/** Parts that have arrived, and wait to become a blob. */
export interface SentParts {
  readonly upload: OpenUpload;
  readonly parts: readonly UploadedPart[];
  readonly size: number;
  readonly sha256: string;
  readonly aside: Aside;
}

export interface MemoryBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
}

/** What this process has staged, by the ids in its tokens. */
export interface StagedHere {
  readonly memory: Map<string, MemoryBytes>;
  readonly sent: Map<string, SentParts>;
  /** Of staged objects: the bytes, so that they need not be read again, and under which id they are in `memory`. */
  readonly copies: Map<string, { readonly bytes: Uint8Array; readonly memory: string | undefined }>;
}

export interface StagingParts {
  readonly bucket: Bucket;
  readonly places: BlobPlaces;
  readonly openUploads: OpenUploads;
  readonly here: StagedHere;
  readonly partSize: number;
}

export function createStaging({ bucket, places, openUploads, here, partSize }: StagingParts): Bytes["stage"] {
  const checkSize = (size: number) => {
    if (size <= mostParts * partSize) return;
    throw new PersistError(
      "TOO_LARGE",
      `A blob of ${size} bytes or more has more than ${mostParts} parts of ${partSize} bytes. Open the store with a greater partSize.`,
      { adapter: "s3" },
    );
  };

  /** What is longer than a part is completed at its end, which not every server does under a condition. */
  const checkCondition = ({ conditional, key }: BlobTarget) => {
    if (!conditional || bucket.enforced.completions) return;
    throw new PersistError(
      "UNSUPPORTED",
      `"${key}" is sent in parts of ${partSize} bytes, and the server judges no condition then (capabilities.blobConditions is absent). Leave the condition out.`,
      { adapter: "s3", key },
    );
  };

  /** Sends what was read, and all that comes, in parts. */
  const send = async (
    first: Buffer<ArrayBuffer>,
    chunks: AsyncIterable<Uint8Array>,
    sha256: ReturnType<typeof createSha256>,
    o: EngineOptions,
    target: BlobTarget | undefined,
  ): Promise<Staged> => {
    if (target !== undefined) checkCondition(target);
    const objectId = crypto.randomUUID();
    const about = target === undefined ? undefined : writeHeaders(target, crypto.randomUUID());
    const place = target === undefined ? places.stagedObject(objectId) : places.of(target.key);
    const upload = await openUploads.begin(place, about?.headers, o);
    const sender = createPartSender(bucket, upload, partSize, o);
    try {
      let part = first;
      let filled = first.length;
      let size = filled;
      for await (const chunk of chunks) {
        refuseAbortedTransfer("s3", o);
        sha256.update(chunk);
        size += chunk.length;
        checkSize(size);
        for (let taken = 0; taken < chunk.length; ) {
          if (filled === partSize) {
            sender.send(part);
            await openUploads.renew(upload, o);
            part = await sender.room();
            filled = 0;
          }
          const more = chunk.subarray(taken, taken + partSize - filled);
          part.set(more, filled);
          filled += more.length;
          taken += more.length;
        }
      }
      if (filled > 0) sender.send(part.subarray(0, filled));
      const parts = await sender.end();
      const hex = sha256.digest();
      if (about?.aside !== undefined) {
        here.sent.set(upload.id, { upload, parts, size, sha256: hex, aside: about.aside });
        return { token: writeContent({ kind: "sent", id: upload.id }), size, sha256: hex };
      }
      await bucket.completeUpload(place, upload.uploadId, parts, o);
      await openUploads.forget(upload.id, o);
      return { token: writeContent({ kind: "object", id: objectId }), size, sha256: hex };
    } catch (error) {
      await sender.stop();
      await takeAway(openUploads.abort(upload, briefly()));
      throw error;
    }
  };

  return async (body: AsyncIterable<Uint8Array>, o: EngineOptions, target?: BlobTarget): Promise<Staged> => {
    refuseAbortedTransfer("s3", o);
    if (target?.size !== undefined) {
      checkSize(target.size);
      if (target.size > partSize) checkCondition(target);
    }
    const sha256 = createSha256();
    const begun = await readBeginning(body, partSize, target?.size, (chunk) => {
      refuseAbortedTransfer("s3", o);
      sha256.update(chunk);
    });
    if (begun.rest !== undefined) {
      return send(begun.bytes, begun.rest, sha256, o, target).catch((error: unknown) => {
        throw notApplied(error); // nothing names it
      });
    }
    const id = crypto.randomUUID();
    const hex = sha256.digest();
    here.memory.set(id, { bytes: begun.bytes, sha256: hex });
    return { token: writeContent({ kind: "memory", id }), size: begun.bytes.length, sha256: hex };
  };
}

interface Beginning {
  readonly bytes: Buffer<ArrayBuffer>;
  /** What comes behind it, where there is more. */
  readonly rest?: AsyncIterable<Uint8Array> | undefined;
}

const leastRoom = 64 * 1024;

/** The first bytes of the body, `most` at most, in memory of their own. */
async function readBeginning(
  body: AsyncIterable<Uint8Array>,
  most: number,
  size: number | undefined,
  take: (chunk: Uint8Array) => void,
): Promise<Beginning> {
  let room = Buffer.allocUnsafeSlow(Math.min(most, size ?? leastRoom));
  let filled = 0;
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) {
      const chunk = step.value;
      const taken = chunk.subarray(0, most - filled);
      take(taken);
      if (filled + taken.length > room.length) {
        const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(4 * room.length, filled + taken.length)));
        larger.set(room.subarray(0, filled));
        room = larger;
      }
      room.set(taken, filled);
      filled += taken.length;
      if (taken.length < chunk.length) {
        const whole = room.subarray(0, filled);
        return { bytes: whole, rest: continued(chunk.subarray(taken.length), chunks) };
      }
    }
  } catch (error) {
    await chunks.return?.();
    throw error;
  }
  return { bytes: room.subarray(0, filled) };
}

async function* continued(chunk: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield chunk;
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) yield step.value;
  } finally {
    await chunks.return?.();
  }
}
