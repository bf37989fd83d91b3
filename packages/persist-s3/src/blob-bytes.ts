/** The contract's bytes: contents of blobs, and what is to become some. */
import {
  type ByteRange,
  type Bytes,
  blobReplaced,
  type EngineOptions,
  type Fetched,
  type Row,
  refuseAbortedTransfer,
  type WantedRange,
} from "@cuitty/persist-core";
import type { BlobParts } from "./blob-parts.ts";
import type { ByteSpan, OpenObject, Patience } from "./bucket.ts";
import { type Content, readContent } from "./contents.ts";
import { briefly, takeAway } from "./giving-up.ts";
import { createStaging } from "./staging.ts";

type Chunks = AsyncIterable<Uint8Array<ArrayBuffer>>;

export function createBlobBytes(parts: BlobParts): Bytes {
  const { bucket, places, objects, openUploads, pieces, here, sidecars, partSize } = parts;

  async function* openStaged(row: Row, content: Content, { offset, length }: ByteRange, o: EngineOptions): Chunks {
    switch (content.kind) {
      case "memory": {
        const staged = here.memory.get(content.id);
        if (staged === undefined) throw blobReplaced("s3", row);
        if (offset < staged.bytes.length && length > 0) yield staged.bytes.slice(offset, offset + length);
        return;
      }
      case "pieces": {
        const all = await pieces.list(content.id, o);
        if (all.length === 0) throw blobReplaced("s3", row);
        for (const piece of all) {
          const from = Math.max(offset, piece.offset);
          const to = Math.min(offset + length, piece.offset + piece.size, content.size);
          if (from < to)
            yield* openObject(row, piece.key, piece.etag, { offset: from - piece.offset, length: to - from }, o);
        }
        return;
      }
      case "object":
        yield* openObject(row, places.stagedObject(content.id), undefined, { offset, length }, o);
        return;
      default:
        throw blobReplaced("s3", row);
    }
  }

  async function* openObject(
    row: Row,
    place: string,
    etag: string | undefined,
    span: ByteSpan,
    o: EngineOptions,
  ): Chunks {
    const object = await bucket.open(place, { ...o, ifEtag: etag, span });
    if (object === undefined) throw blobReplaced("s3", row);
    for await (const chunk of object.body) {
      refuseAbortedTransfer("s3", o);
      yield chunk;
    }
  }

  async function discard(content: Content): Promise<void> {
    switch (content.kind) {
      case "memory":
        here.memory.delete(content.id);
        return;
      case "sent": {
        const sent = here.sent.get(content.id);
        if (sent === undefined) return;
        here.sent.delete(content.id);
        await openUploads.abort(sent.upload, briefly());
        await sidecars.remove(sent.aside.token, briefly());
        return;
      }
      case "object":
        await bucket.remove(places.stagedObject(content.id), briefly());
        return;
      case "pieces":
        await pieces.remove(content.id, briefly());
    }
  }

  /** What may be read for as long as it takes, though it was asked for in time. */
  async function openInTime(key: string, range: WantedRange | undefined, o: EngineOptions) {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), Math.max(0, Math.min(2 ** 31 - 1, o.deadline - performance.now())));
    const stop = () => giveUp.abort(o.signal?.reason);
    if (o.signal?.aborted) stop();
    o.signal?.addEventListener("abort", stop, { once: true });
    const unhurried: Patience = { deadline: Number.POSITIVE_INFINITY, signal: giveUp.signal };
    try {
      const object = await bucket.open(places.of(key), { ...unhurried, span: range });
      if (object === undefined) return undefined;
      const { row } = await objects.see(object, o).catch(async (error: unknown) => {
        await end(object);
        throw error;
      });
      return { object, giveUp, row: { ...row, key } };
    } finally {
      clearTimeout(timer);
      o.signal?.removeEventListener("abort", stop);
    }
  }

  return {
    partBytes: partSize,
    stage: createStaging(parts),

    open(row, range, o) {
      const content = readContent(row.content ?? "");
      if (content.kind === "stored") return openObject(row, content.place, content.etag, range, o);
      return openStaged(row, content, range, o);
    },

    extend(token, offset, part, o) {
      const content = token === undefined ? undefined : readContent(token);
      return pieces.extend(content?.kind === "pieces" ? content.id : token, offset, part, o);
    },

    async extended(token, o) {
      const content = readContent(token);
      return content.kind === "pieces" ? pieces.extended(content.id, o) : undefined;
    },

    /** The blob itself: the server copies it when it is put. */
    copy: (row) => row.content as string,

    async fetch(key, range, o): Promise<Fetched | undefined> {
      const found = await openInTime(key, range, o);
      if (found === undefined) return undefined;
      const { object, giveUp, row } = found;
      return {
        row,
        open: (reading) => readBody(object, giveUp, reading),
        discard: () => void end(object),
      };
    },

    sign(key, { method, seconds, contentType }) {
      return bucket.sign(places.of(key), { method, seconds, contentType });
    },

    async discard(token) {
      await takeAway(discard(readContent(token)));
    },
  };
}

/** The body itself, and no generator around it, which each chunk would have to go through. */
function readBody({ body }: OpenObject, giveUp: AbortController, { signal }: EngineOptions): Chunks {
  const stop = () => giveUp.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  return body;
}

async function end({ body }: OpenObject): Promise<void> {
  await takeAway(Promise.resolve(body[Symbol.asyncIterator]().return?.()));
}
