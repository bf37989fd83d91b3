/** A blob's bytes on their way to the user. */
import type { StoredBlob } from "../api/blobs.ts";
import { PersistError } from "../errors.ts";
import { createSha256 } from "../sha256.ts";

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

/** Compares what was read with what was stored. Its last chunk only goes out when that has been done. */
export async function* verified(
  operation: string,
  key: string,
  size: number,
  sha256: string,
  chunks: AsyncIterable<Chunk>,
): AsyncIterable<Chunk> {
  const hash = createSha256();
  let read = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    read += chunk.length;
    if (read < size) yield chunk;
    else if (read === size && hash.digest() === sha256) {
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
