/** A content that is staged part by part, by any number of processes. */
import { type Extended, PersistError } from "@cuitty/persist-core";
import type { Connection, Patience } from "./connection.ts";
import { beginContent, type ContentId, extendContent, readSlice, readStagedSize, renewContent } from "./contents.ts";

export interface Part {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * See `Bytes.extend` of the contract. No lock is held while the bytes are compared: what stands there never changes, and a statement that writes says how far the content must have come.
 * Each time that it has come farther, the part is looked at again.
 */
export async function placePart(
  connection: Connection,
  o: Patience,
  content: ContentId | undefined,
  { offset, bytes }: Part,
): Promise<Extended> {
  const end = offset + bytes.length;
  if (content === undefined) return { token: await beginContent(connection, o, bytes), size: end };
  let size: number = offset; // as a rule the content ends where the part begins
  for (;;) {
    const isPlaced =
      size > offset && size >= end
        ? await renewContent(connection, o, content)
        : await extendContent(connection, o, { content, offset, part: bytes, from: size });
    if (isPlaced) return { token: content, size: Math.max(size, end) };
    size = await sizeToExtend(connection, o, content, { offset, bytes });
  }
}

/** How far the content has come, if the part can stand in it. */
async function sizeToExtend(connection: Connection, o: Patience, content: ContentId, part: Part): Promise<number> {
  const size = await readStagedSize(connection, o, content);
  if (size === undefined) throw new PersistError("NOT_FOUND", "The bytes to extend are not staged any more.");
  if (part.offset > size || !(await isSameBeginning(connection, o, content, part))) {
    throw new PersistError("CONFLICT", `Other bytes than these were staged at ${part.offset}.`, {
      adapter: "postgres",
    });
  }
  return size;
}

/** Whether the part and what stands at its offset are equal as far as both go. */
async function isSameBeginning(
  connection: Connection,
  o: Patience,
  content: ContentId,
  { offset, bytes }: Part,
): Promise<boolean> {
  const slice = await readSlice(connection, o, content, offset, offset + bytes.length);
  let at = 0;
  for (const chunk of slice?.chunks ?? []) {
    if (Buffer.compare(chunk, bytes.subarray(at, at + chunk.length)) !== 0) return false;
    at += chunk.length;
  }
  return true;
}
