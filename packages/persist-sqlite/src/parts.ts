/** A content that is staged part by part. Each part is a transaction of its own, so that it is there with all of its chunks or not at all. */
import { type Extended, PersistError } from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { chunkBytes, extendContent, readChunk, readStaged, renewContent } from "./contents.ts";

/** Inside a write transaction. See `Bytes.extend` of the contract; the offset is at the beginning of a chunk. */
export function placePart(
  connection: Connection,
  content: number | undefined,
  offset: number,
  part: Uint8Array,
): Extended {
  if (content === undefined) return { token: String(extendContent(connection, undefined, 0, part)), size: part.length };
  const stored = readStaged(connection, content);
  if (stored === undefined) throw new PersistError("NOT_FOUND", "The bytes to extend are not staged any more.");
  const { size } = stored;
  if (offset > size || !isSameBeginning(connection, content, offset, part)) {
    throw new PersistError("CONFLICT", `Other bytes than these were staged at ${offset}.`, { adapter: "sqlite" });
  }
  const token = String(content);
  if (offset + part.length <= size) {
    renewContent(connection, content);
    return { token, size };
  }
  extendContent(connection, content, offset, part);
  return { token, size: offset + part.length };
}

/** Whether the part and what stands at the offset are equal as far as both go. */
function isSameBeginning(connection: Connection, content: number, offset: number, part: Uint8Array): boolean {
  for (let at = 0; at < part.length; at += chunkBytes) {
    const stored = readChunk(connection, content, (offset + at) / chunkBytes);
    if (stored === undefined) return true;
    const length = Math.min(stored.length, part.length - at);
    if (Buffer.compare(stored.subarray(0, length), part.subarray(at, at + length)) !== 0) return false;
  }
  return true;
}
