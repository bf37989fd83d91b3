/**
 * Bytes that are staged in parts. Their record says how many of them are sure to be there: it is written after the chunks of a part, and so is the moment from which the part
 * counts. What an interruption leaves behind that place is written over.
 */
import type { EngineOptions, Extended } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { isSameBeginning } from "../same-beginning.ts";
import { parseChunk, storedChunk } from "./chunks.ts";
import {
  chunkSize,
  contentToken,
  newContentId,
  parseToken,
  parseUnnamed,
  stagedFor,
  type Unnamed,
} from "./contents.ts";
import type { OpenScope } from "./open-scope.ts";
import { ensureWanted } from "./patience.ts";

export async function extend(
  scope: OpenScope,
  token: string | undefined,
  offset: number,
  part: Uint8Array,
  o: EngineOptions,
): Promise<Extended> {
  ensureWanted(o);
  const id = token === undefined ? await begin(scope, o) : parseToken(token).id;
  const letGo = scope.unnamed.hold(id);
  try {
    return await scope.extensions.run(id, async () => {
      const size = await sizeOf(scope, id);
      if (size === undefined) throw notStaged();
      if (offset > size) throw other(offset);
      await writeChunks(scope, id, size, offset, part, o);
      const extended = Math.max(size, offset + part.length);
      await note(scope, id, extended, o);
      return { token: contentToken(id, extended), size: extended };
    });
  } finally {
    letGo();
  }
}

export async function readExtended(scope: OpenScope, token: string): Promise<Extended | undefined> {
  const { id } = parseToken(token);
  const size = await sizeOf(scope, id);
  return size === undefined ? undefined : { token: contentToken(id, size), size };
}

/** Before the first chunk, so that no chunk is ever without either record or row. */
async function begin({ backend, layout, unnamed }: OpenScope, { now }: EngineOptions): Promise<string> {
  const id = newContentId();
  const record: Unnamed = { due: now + stagedFor, size: 0 };
  await backend.put(layout.content(id), record);
  unnamed.note(new Map([[layout.content(id), record]]));
  return id;
}

async function sizeOf({ backend, layout, unnamed }: OpenScope, id: string): Promise<number | undefined> {
  const place = layout.content(id);
  const record = await backend.get(place);
  return record === undefined || unnamed.isCondemned(id) ? undefined : parseUnnamed(record, place).size;
}

/** One after the other: who removes them later counts on finding no hole. */
async function writeChunks(
  { backend, layout }: OpenScope,
  id: string,
  size: number,
  offset: number,
  part: Uint8Array,
  o: EngineOptions,
): Promise<void> {
  for (let at = 0; at < part.length; at += chunkSize) {
    ensureWanted(o);
    const n = (offset + at) / chunkSize;
    const place = layout.chunk(id, n);
    const chunk = part.subarray(at, at + chunkSize);
    const there = Math.min(chunkSize, Math.max(0, size - n * chunkSize));
    if (there > 0) {
      const stored = parseChunk(await backend.get(place), place).subarray(0, there);
      if (!isSameBeginning(stored, chunk)) throw other(offset);
    }
    if (chunk.length > there) await backend.put(place, storedChunk(chunk));
  }
}

/** Nobody may give them to a row, or begin to remove them, between the look and the writing. */
async function note(scope: OpenScope, id: string, size: number, o: EngineOptions): Promise<void> {
  const { backend, journal, layout, lock, unnamed } = scope;
  const place = layout.content(id);
  await lock.exclusive(async () => {
    await journal.settle();
    if ((await sizeOf(scope, id)) === undefined) throw notStaged();
    const record: Unnamed = { due: o.now + stagedFor, size };
    await backend.put(place, record);
    unnamed.note(new Map([[place, record]]));
  }, o);
}

function notStaged(): PersistError {
  return new PersistError("NOT_FOUND", "The bytes to extend are not staged any more.");
}

function other(offset: number): PersistError {
  return new PersistError("CONFLICT", `Other bytes than these were staged at ${offset}.`);
}
