/**
 * Writing and reading the contents of blobs, chunk by chunk, with one small transaction or one statement at a time. SQLite answers at once, so that a loop over a long
 * content would never let the event loop turn: it is made to, once per batch.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type ByteRange,
  type Bytes,
  blobReplaced,
  createSha256,
  type EngineOptions,
  PersistError,
  type Row,
  refuseAbortedTransfer,
  type Staged,
  type Sweeper,
} from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import {
  chunkBytes,
  discardContent,
  extendContent,
  mayAttach,
  readChunk,
  readContent,
  readStaged,
  type StoredContent,
} from "./contents.ts";
import { placePart } from "./parts.ts";

/** Per transaction, and per turn of the event loop; also the memory that a blob takes while it is written. */
const batchBytes = 4 * chunkBytes;

export function createBytes(connection: Connection, sweeper: Sweeper): Bytes {
  async function stage(body: AsyncIterable<Uint8Array>, o: EngineOptions): Promise<Staged> {
    sweeper.nudge(o.now);
    const sha256 = createSha256();
    const buffer = Buffer.allocUnsafeSlow(batchBytes);
    let content: number | undefined;
    let stored = 0;
    let filled = 0;

    const flush = async () => {
      const batch = buffer.subarray(0, filled);
      content = await connection.writeAhead(o, () => extendContent(connection, content, stored, batch));
      stored += filled;
      filled = 0;
    };

    try {
      for await (const piece of body) {
        refuseAbortedTransfer("sqlite", o);
        sha256.update(piece);
        for (let taken = 0; taken < piece.length; ) {
          const part = piece.subarray(taken, taken + batchBytes - filled);
          buffer.set(part, filled);
          filled += part.length;
          taken += part.length;
          if (filled < batchBytes) continue;
          await flush();
          await nextTurn();
        }
      }
      if (filled > 0 || content === undefined) await flush();
    } catch (error) {
      if (content !== undefined) await discard(String(content));
      throw error;
    }
    return { token: String(content), size: stored, sha256: sha256.digest() };
  }

  async function discard(token: string): Promise<void> {
    try {
      await connection.write({ deadline: 0 }, () => discardContent(connection, Number(token)));
      sweeper.hurry();
    } catch {
      // Whatever is in the way (a full disk, a lock), the content is swept a day after it was staged.
    }
  }

  async function* open(row: Row, range: ByteRange, o: EngineOptions): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const content = Number(row.content);
    const stored = await connection.read(o, () => readContent(connection, content));
    if (stored === undefined) throw blobReplaced("sqlite", row);
    const end = Math.min(range.offset + range.length, stored.size);
    for (let at = range.offset; at < end; ) {
      refuseAbortedTransfer("sqlite", o);
      const n = Math.floor(at / chunkBytes);
      const bytes = await connection.read(o, () => readChunk(connection, content, n));
      const start = at - n * chunkBytes;
      const length = Math.min(chunkBytes, end - n * chunkBytes) - start;
      if (bytes === undefined || bytes.length < start + length) throw await missing(row, content, n, o);
      yield bytes.subarray(start, start + length);
      at += length;
      if (at % batchBytes === 0) await nextTurn();
    }
  }

  /** A chunk is gone because its content was freed; else the file is damaged. */
  async function missing(row: Row, content: number, n: number, o: EngineOptions): Promise<PersistError> {
    const stored = await connection.read(o, () => readContent(connection, content));
    if (stored === undefined || stored.free_at !== null) return blobReplaced("sqlite", row);
    return new PersistError(
      "CORRUPT",
      `A part of the blob is missing in "${connection.path}" (chunk ${n} of content ${content}). Restore the file from a backup.`,
      { adapter: "sqlite", key: row.key },
    );
  }

  return {
    partBytes: batchBytes,
    stage,
    open,
    discard,

    extend(token, offset, part, o) {
      sweeper.nudge(o.now);
      return connection.write(o, () =>
        placePart(connection, token === undefined ? undefined : Number(token), offset, part),
      );
    },

    extended(token, o) {
      const stored = connection.read(o, () => readStaged(connection, Number(token)));
      const answer = (content: StoredContent | undefined) => content && { token, size: content.size };
      return stored instanceof Promise ? stored.then(answer) : answer(stored);
    },

    /** Blobs may share a content: it is never changed, and kept while any of them names it. */
    async copy(row, o) {
      if (!(await connection.read(o, () => mayAttach(connection, Number(row.content)))))
        throw blobReplaced("sqlite", row);
      return row.content as string;
    },
  };
}
