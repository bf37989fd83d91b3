/** What names a row on every peer: 16 bytes of the SHA-256 of namespace, space and key. */
import { hash } from "node:crypto";

export const rowIdBytes = 16;

/** Neither names nor keys hold NUL, so that no two rows run together. */
export function rowId(namespace: string, space: string, key: string): Uint8Array {
  const digest = hash("sha256", `${namespace}\0${space}\0${key}`, "buffer");
  return new Uint8Array(digest.buffer, digest.byteOffset, rowIdBytes);
}
