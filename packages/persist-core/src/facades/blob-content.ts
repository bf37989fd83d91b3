/** A blob's bytes on their way to the user. */
import type { BlobInfo, StoredBlob } from "../api/blobs.ts";
import type { Call } from "../calls.ts";
import type { Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { LiveGate } from "../gate.ts";
import { createSha256 } from "../sha256.ts";
import { parseFacts, sha256Of } from "./blob-facts.ts";

export type Content = Pick<StoredBlob, "body" | "bytes" | "text" | "json" | "blob">;
type Chunk = Uint8Array<ArrayBuffer>;

/** The ways to read the chunks: one of them, once. */
export function createContent(
  key: string,
  size: number,
  contentType: string,
  open: () => AsyncIterable<Chunk>,
): Content {
  let stream: ReadableStream<Chunk> | undefined;
  let taken = false;

  const take = (): AsyncIterable<Chunk> => {
    if (taken || stream?.locked === true) {
      throw new PersistError(
        "INVALID_ARGUMENT",
        `blobs.get: the content of "${key}" was read already. Get the blob again.`,
        { key },
      );
    }
    taken = true;
    return open();
  };

  const bytes = async (): Promise<Chunk> => {
    const all = new Uint8Array(size);
    let end = 0;
    for await (const chunk of take()) {
      all.set(chunk, end);
      end += chunk.length;
    }
    return all;
  };
  const text = async () => new TextDecoder("utf-8", { ignoreBOM: true }).decode(await bytes());

  return {
    get body() {
      stream ??= toStream(take());
      return stream;
    },
    bytes,
    text,
    json: async <T>() => JSON.parse(await text()) as T,
    blob: async () => new Blob([await bytes()], { type: contentType }),
  };
}

function toStream(chunks: AsyncIterable<Chunk>): ReadableStream<Chunk> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Chunk>(
    {
      async pull(controller) {
        const step = await iterator.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 }, // nothing is read before it is wanted
  );
}

/** All bytes of the blob as it was stored. Throws CORRUPT where they differ. */
export function storedContent(gate: LiveGate, row: Row, call: Call): AsyncIterable<Chunk> {
  const { size, digest } = parseFacts(row);
  const chunks = gate.transfer(row, { offset: 0, length: size }, call);
  return verified(call.operation, row.key, size, sha256Of(digest), chunks);
}

/** The digest of the blob, read out of its bytes where nobody knows it. */
export async function digestOf(gate: LiveGate, row: Row, call: Call): Promise<BlobInfo["digest"]> {
  const { digest } = parseFacts(row);
  if (sha256Of(digest) !== undefined) return digest;
  const hash = createSha256();
  for await (const chunk of storedContent(gate, row, call)) hash.update(chunk);
  return `sha-256:${hash.digest()}`;
}

/** Compares what was read with what was stored, as far as that is known. Its last chunk only goes out when that has been done. */
export async function* verified(
  operation: string,
  key: string,
  size: number,
  sha256: string | undefined,
  chunks: AsyncIterable<Chunk>,
): AsyncIterable<Chunk> {
  const hash = sha256 === undefined ? undefined : createSha256();
  let read = 0;
  for await (const chunk of chunks) {
    hash?.update(chunk);
    read += chunk.length;
    if (read < size) yield chunk;
    else if (read === size && hash?.digest() === sha256) {
      yield chunk;
      return;
    } else break;
  }
  if (read === 0 && size === 0) return;
  throw new PersistError(
    "CORRUPT",
    `${operation}: the stored content of "${key}" is not what was stored: size or SHA-256 differ.`,
    { operation, key },
  );
}
