/**
 * Writing and reading the contents of blobs, a batch of chunks at a time: while one is being written the next is gathered, and while one is handed out the next is asked for. Nothing
 * of the server is held in between.
 */
import {
  type ByteRange,
  type Bytes,
  blobReplaced,
  createSha256,
  type EngineOptions,
  type Extended,
  PersistError,
  type Row,
  refuseAbortedTransfer,
  type Staged,
  type Sweeper,
} from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { chunkBytes, discardContent, mayAttach, readSlice, readStagedSize, type Slice } from "./contents.ts";
import { type Part, placePart } from "./parts.ts";

/** Per statement. A blob takes twice that in memory while it is moved, and some more for its way through the driver. */
const batchBytes = 4 * chunkBytes;

/** How long to wait where something is given up, in milliseconds. */
const discardsWithin = 5000;

export function createBytes(connection: Connection, sweeper: Sweeper): Bytes {
  async function stage(body: AsyncIterable<Uint8Array>, o: EngineOptions): Promise<Staged> {
    sweeper.nudge(o.now);
    const sha256 = createSha256();
    let size = 0;
    let writing: Promise<Extended> | undefined;
    let failure: { readonly error: unknown } | undefined;

    const write = (token: string | undefined, batch: Uint8Array) => {
      const placed = placeAgain(o, token, { offset: size, bytes: batch });
      placed.catch((error: unknown) => {
        failure = { error };
      });
      size += batch.length;
      return placed;
    };
    const take = (piece: Uint8Array) => {
      refuseAbortedTransfer("postgres", o);
      if (failure !== undefined) throw failure.error;
      sha256.update(piece);
    };

    try {
      for await (const batch of inBatches(body, take)) {
        const before = await writing;
        writing = write(before?.token, batch);
      }
      const { token } = await (writing ?? write(undefined, new Uint8Array(0)));
      return { token, size, sha256: sha256.digest() };
    } catch (error) {
      const staged = await writing?.catch(() => undefined);
      if (staged !== undefined) await discard(staged.token);
      throw asNotApplied(error);
    }
  }

  /** A part that is placed once more changes nothing. So where the answer is lost, it is. */
  const placeAgain = (o: EngineOptions, token: string | undefined, part: Part): Promise<Extended> =>
    placePart(connection, o, token, part).catch((error: unknown) => {
      if (!isUnknown(error) || o.signal?.aborted) throw error;
      return placePart(connection, o, token, part);
    });

  async function discard(token: string): Promise<void> {
    try {
      await discardContent(connection, { deadline: performance.now() + discardsWithin }, token);
      sweeper.hurry();
    } catch {
      // Whatever is in the way, the content is swept a day after it was staged.
    }
  }

  async function* open(row: Row, range: ByteRange, o: EngineOptions): AsyncIterable<Uint8Array<ArrayBuffer>> {
    let start = range.offset;
    let end = range.offset + range.length;
    const ask = () => {
      const asked = readSlice(connection, o, row.content as string, start, Math.min(end, endOfBatch(start)));
      asked.catch(() => undefined); // is told when it is asked for, unless nobody goes on reading
      return asked;
    };
    let coming: Promise<Slice | undefined> | undefined = ask();
    while (coming !== undefined) {
      const slice: Slice | undefined = await coming;
      refuseAbortedTransfer("postgres", o);
      if (slice === undefined) throw blobReplaced("postgres", row);
      end = Math.min(end, slice.size);
      const from = start;
      start = Math.max(from, Math.min(end, endOfBatch(from)));
      if (!isWhole(slice, from, start)) throw slice.isFreed ? blobReplaced("postgres", row) : missing(row, from, start);
      coming = start < end ? ask() : undefined;
      yield* slice.chunks;
    }
  }

  const missing = (row: Row, start: number, end: number) =>
    new PersistError(
      "CORRUPT",
      `A part of the blob is missing in ${connection.place} (bytes ${start} to ${end} of content ${row.content}). Restore the database from a backup.`,
      { adapter: "postgres", key: row.key },
    );

  return {
    partBytes: batchBytes,
    stage,
    open,
    discard,

    extend(token, offset, part, o) {
      sweeper.nudge(o.now);
      return placePart(connection, o, token, { offset, bytes: part });
    },

    async extended(token, o) {
      const size = await readStagedSize(connection, o, token);
      return size === undefined ? undefined : { token, size };
    },

    /** Blobs may share a content: it is never changed, and kept while any of them names it. */
    async copy(row, o) {
      const content = row.content as string;
      if (!(await mayAttach(connection, o, content))) throw blobReplaced("postgres", row);
      return content;
    },
  };
}

/** The body in batches of one length, but for the last. A batch is overwritten when the one after the next is asked for. */
async function* inBatches(
  body: AsyncIterable<Uint8Array>,
  take: (piece: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  let filling = Buffer.allocUnsafeSlow(batchBytes);
  let other: typeof filling | undefined;
  let filled = 0;
  for await (const piece of body) {
    take(piece);
    for (let taken = 0; taken < piece.length; ) {
      const part = piece.subarray(taken, taken + batchBytes - filled);
      filling.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < batchBytes) continue;
      yield filling;
      [filling, other] = [other ?? Buffer.allocUnsafeSlow(batchBytes), filling];
      filled = 0;
    }
  }
  if (filled > 0) yield filling.subarray(0, filled);
}

/** Batches end where chunks do. */
function endOfBatch(start: number): number {
  return Math.floor(start / chunkBytes) * chunkBytes + batchBytes;
}

/** Whether the slice has all bytes from `start` to before `end`. */
function isWhole({ chunks }: Slice, start: number, end: number): boolean {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0) === end - start;
}

function isUnknown(error: unknown): boolean {
  return PersistError.is(error) && error.outcome === "unknown";
}

/** Whether the bytes came to be staged may be unknown, but nothing names them: nothing has happened that anybody could see. */
function asNotApplied(error: unknown): unknown {
  if (!PersistError.is(error) || !isUnknown(error)) return error;
  const { code, message, retryable, cause } = error;
  return new PersistError(code, message, { retryable, adapter: "postgres", cause });
}
