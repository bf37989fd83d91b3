/** The contents of blobs: chunks of 256 KiB under a name of their own, written before the row that names them. */
import type { ByteRange, Bytes, EngineOptions, Row, Staged } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { createSha256 } from "../sha256.ts";
import { parseChunk, storedChunk } from "./chunks.ts";
import {
  chunkSize,
  contentToken,
  newContentId,
  parseToken,
  parseUnnamed,
  partBytes,
  stagedFor,
  type Unnamed,
} from "./contents.ts";
import { extend, readExtended } from "./extend.ts";
import type { OpenScope } from "./open-scope.ts";
import { ensureWanted } from "./patience.ts";
import { readRows } from "./rows.ts";
import type { Sweeper } from "./sweeper.ts";

export function createBytes(scope: OpenScope, sweeper: Sweeper): Bytes {
  const { backend, layout, unnamed } = scope;

  const stage = async (body: AsyncIterable<Uint8Array>, o: EngineOptions): Promise<Staged> => {
    ensureWanted(o);
    sweeper.nudge(o.now);
    const id = newContentId();
    const record: Unnamed = { due: o.now + stagedFor };
    const letGo = unnamed.hold(id);
    let chunks = 0;
    try {
      // Before the first chunk, so that no chunk is ever without either record or row.
      await backend.put(layout.content(id), record);
      unnamed.note(new Map([[layout.content(id), record]]));
      const hash = createSha256();
      let size = 0;
      for await (const chunk of chunked(body)) {
        ensureWanted(o);
        hash.update(chunk);
        size += chunk.length;
        await backend.put(layout.chunk(id, chunks++), storedChunk(chunk));
      }
      return { token: contentToken(id, size), size, sha256: hash.digest() };
    } catch (error) {
      await removeBytes(scope, id, chunks).catch(() => undefined); // else it is swept later
      throw error;
    } finally {
      letGo();
    }
  };

  /** Bytes go when no row names them any more, and they are not kept for one that may. Else the backend has lost them. */
  const missing = async ({ key, content }: Row, id: string, place: string, o: EngineOptions): Promise<PersistError> => {
    const [row] = await readRows(scope.view(o), layout, "blobs", [key], o.now);
    const kept = unnamed.isCondemned(id) ? undefined : await backend.get(layout.content(id));
    const isKept = kept !== undefined && parseUnnamed(kept, layout.content(id)).due > o.now;
    if (row?.content !== content && !isKept) {
      return new PersistError("CONFLICT", `The blob "${key}" was replaced while it was read. Read it again.`, { key });
    }
    return new PersistError(
      "CORRUPT",
      `A part of the blob "${key}" is missing: there is nothing under "${place}". Restore it from a backup.`,
      { key },
    );
  };

  async function* open(row: Row, { offset, length }: ByteRange, o: EngineOptions) {
    const { id, chunks } = parseToken(row.content ?? "");
    const end = offset + length;
    for (let n = Math.floor(offset / chunkSize); n < chunks && n * chunkSize < end; n++) {
      ensureWanted(o);
      const place = layout.chunk(id, n);
      const data = await backend.get(place);
      if (data === undefined) throw await missing(row, id, place, o);
      const bytes = parseChunk(data, place);
      const start = n * chunkSize;
      yield bytes.subarray(Math.max(0, offset - start), Math.min(bytes.length, end - start));
    }
  }

  return {
    partBytes,
    stage,
    open,
    extend(token, offset, part, o) {
      sweeper.nudge(o.now);
      return extend(scope, token, offset, part, o);
    },
    extended: (token) => readExtended(scope, token),
    async discard(token) {
      const { id, chunks } = parseToken(token);
      await removeBytes(scope, id, chunks);
    },
  };
}

/** Removes the bytes, and their record last: it is what they are found by. Stops in between where nobody wants it any more. */
export async function removeBytes(
  { backend, layout, unnamed }: OpenScope,
  id: string,
  chunks: number,
  isStopped: () => boolean = () => false,
): Promise<void> {
  // Bytes that were still coming are there from the first chunk on, up to where they were cut off; so may some be behind those that were extended.
  const isThere = async (n: number) => n < chunks || (await backend.get(layout.chunk(id, n))) !== undefined;
  for (let n = 0; await isThere(n); n++) {
    if (isStopped()) return;
    await backend.delete(layout.chunk(id, n));
  }
  await backend.delete(layout.content(id));
  unnamed.forget(id);
}

/** The same bytes in chunks of {@link chunkSize}, the last one less. Each is only good until the next. */
async function* chunked(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const chunk = new Uint8Array(chunkSize);
  let filled = 0;
  for await (const piece of body) {
    for (let taken = 0; taken < piece.length; ) {
      const part = piece.subarray(taken, taken + chunkSize - filled);
      chunk.set(part, filled);
      taken += part.length;
      filled += part.length;
      if (filled < chunkSize) continue;
      yield chunk;
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}
