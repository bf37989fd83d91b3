/** What users give as a blob, as chunks of bytes. */
import type { BlobBody, BlobPutOptions } from "../api/blobs.ts";
import { PersistError } from "../errors.ts";

export interface Body {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes, where known beforehand. */
  readonly size?: number;
  readonly contentType?: string;
}

const pieceBytes = 256 * 1024;

export function toBody(body: BlobBody): Body {
  if (typeof body === "string") return whole(new TextEncoder().encode(body), "text/plain; charset=utf-8");
  if (body instanceof ArrayBuffer) return whole(new Uint8Array(body));
  if (ArrayBuffer.isView(body)) return whole(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  if (body instanceof Blob) {
    const known = { chunks: streamed(body.stream()), size: body.size };
    return body.type === "" ? known : { ...known, contentType: body.type };
  }
  if (isIterable(body)) return { chunks: streamed(body) };
  throw new PersistError(
    "INVALID_ARGUMENT",
    "blobs.put: the body must be a string, bytes, a Blob, a ReadableStream or an async iterable of Uint8Array.",
  );
}

function isIterable(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** In pieces, so that storing a large one reports progress and leaves others their turn. */
function whole(bytes: Uint8Array, contentType?: string): Body {
  async function* pieces() {
    for (let i = 0; i < bytes.length; i += pieceBytes) yield bytes.subarray(i, i + pieceBytes);
  }
  const body = { chunks: pieces(), size: bytes.length };
  return contentType === undefined ? body : { ...body, contentType };
}

/** Checks what comes, and tells a failure of the body from one of the store. */
async function* streamed(body: AsyncIterable<unknown>): AsyncIterable<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const step = await chunks.next().catch((cause: unknown) => {
        ended = true;
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new PersistError(
          "ABORTED",
          `blobs.put: the body failed while it was read (${reason}); nothing was stored.`,
          { cause },
        );
      });
      if (step.done === true) {
        ended = true;
        return;
      }
      if (!(step.value instanceof Uint8Array)) {
        throw new PersistError(
          "INVALID_VALUE",
          "blobs.put: the body yielded something that is no Uint8Array; nothing was stored.",
        );
      }
      if (step.value.length > 0) yield step.value;
    }
  } finally {
    if (!ended) await chunks.return?.();
  }
}

/** The same chunks, reported as they are taken. */
export async function* reported(
  { chunks, size }: Body,
  onProgress: NonNullable<BlobPutOptions["onProgress"]>,
): AsyncIterable<Uint8Array> {
  let loaded = 0;
  for await (const chunk of chunks) {
    yield chunk;
    loaded += chunk.length;
    onProgress(size === undefined ? { loaded } : { loaded, total: size });
  }
}
