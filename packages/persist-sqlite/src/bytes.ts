/**
 * Writing and reading the contents of blobs, chunk by chunk, with one small transaction or one statement at a time. SQLite answers at once, so that a loop over a long
 * content would never let the event loop turn: it is made to, once per batch.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type ByteRange,
  type Bytes,
  createSha256,
  type EngineOptions,
  PersistError,
  type Row,
  type Staged,
} from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { chunkBytes, insertContent, readContent } from "./contents.ts";
import type { Sweeper } from "./sweep.ts";

/** Chunks per transaction, and per turn of the event loop: one MiB, which is also the memory that a blob takes while it is written. */
const batchChunks = 4;

export function createBytes(connection: Connection, sweeper: Sweeper): Bytes {
  async function stage(body: AsyncIterable<Uint8Array>, o: EngineOptions): Promise<Staged> {
    sweeper.nudge(o.now);
    const sha256 = createSha256();
    let size = 0;
    let chunks = 0;
    const content = await connection.writeAhead(o, () => insertContent(connection));
    const write = async (batch: readonly Uint8Array[]) => {
      const first = chunks;
      chunks += batch.length;
      await connection.writeAhead(o, () => insertChunks(connection, content, first, batch));
      await nextTurn();
    };
    try {
      const buffer = new Uint8Array(batchChunks * chunkBytes);
      let filled = 0;
      for await (const piece of body) {
        refuseAborted(o);
        sha256.update(piece);
        size += piece.length;
        for (let taken = 0; taken < piece.length; ) {
          const part = piece.subarray(taken, taken + buffer.length - filled);
          buffer.set(part, filled);
          filled += part.length;
          taken += part.length;
          if (filled === buffer.length) {
            await write(cut(buffer));
            filled = 0;
          }
        }
      }
      if (filled > 0) await write(cut(buffer.subarray(0, filled)));
      await connection.writeAhead(o, () => {
        connection.statement("update blob_contents set size = ? where id = ?").run(size, content);
      });
    } catch (error) {
      await discard(String(content));
      throw error;
    }
    return { token: String(content), size, sha256: sha256.digest() };
  }

  async function discard(token: string): Promise<void> {
    try {
      await connection.write({ deadline: performance.now() }, () => {
        connection
          .statement("update blob_contents set free_at = 0 where id = ? and free_at is not null")
          .run(Number(token));
      });
      sweeper.hurry();
    } catch {
      // Whatever is in the way (a full disk, a lock), the content is swept a day after it was staged.
    }
  }

  async function* open(row: Row, range: ByteRange, o: EngineOptions): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const content = Number(row.content);
    const stored = await connection.read(o, () => readContent(connection, content));
    if (stored === undefined) throw replaced(row);
    const end = Math.min(range.offset + range.length, stored.size);
    for (let at = range.offset; at < end; ) {
      refuseAborted(o);
      const n = Math.floor(at / chunkBytes);
      const bytes = await connection.read(o, () => readChunk(connection, content, n));
      const start = at - n * chunkBytes;
      const length = Math.min(chunkBytes, end - n * chunkBytes) - start;
      if (bytes === undefined || bytes.length < start + length) throw await missing(row, content, n, o);
      yield bytes.subarray(start, start + length);
      at += length;
      if (n % batchChunks === batchChunks - 1) await nextTurn();
    }
  }

  /** A chunk is gone because its content was freed; else the file is damaged. */
  async function missing(row: Row, content: number, n: number, o: EngineOptions): Promise<PersistError> {
    const stored = await connection.read(o, () => readContent(connection, content));
    if (stored === undefined || stored.free_at !== null) return replaced(row);
    return new PersistError(
      "CORRUPT",
      `A part of the blob is missing in "${connection.path}" (chunk ${n} of content ${content}). Restore the file from a backup.`,
      { adapter: "sqlite", key: row.key },
    );
  }

  return { stage, open, discard };
}

function insertChunks(connection: Connection, content: number, first: number, chunks: readonly Uint8Array[]): void {
  const insert = connection.statement("insert into blob_chunks (content, n, bytes) values (?, ?, ?)");
  for (const [i, bytes] of chunks.entries()) insert.run(content, first + i, bytes);
}

function readChunk(connection: Connection, content: number, n: number): Uint8Array<ArrayBuffer> | undefined {
  const chunk = connection.statement("select bytes from blob_chunks where content = ? and n = ?").get(content, n) as
    | { bytes: Uint8Array<ArrayBuffer> }
    | undefined;
  // A plain view: a driver may answer with a Buffer, whose methods differ.
  return chunk && new Uint8Array(chunk.bytes.buffer, chunk.bytes.byteOffset, chunk.bytes.byteLength);
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return chunks;
}

function refuseAborted({ signal }: EngineOptions): void {
  if (!signal?.aborted) return;
  throw new PersistError("ABORTED", "The transfer of a blob was given up.", {
    adapter: "sqlite",
    cause: signal.reason,
  });
}

function replaced(row: Row): PersistError {
  return new PersistError("CONFLICT", "The blob was replaced while it was being read. Read it again.", {
    adapter: "sqlite",
    key: row.key,
  });
}
