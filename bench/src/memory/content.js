/** Any number of bytes that follow from numbers, so that nobody keeps them: what is stored, and what must come back. */
import { createHash } from "node:crypto";

const chunkBytes = 64 * 1024;

/**
 * One chunk of noise over and over, numbered, so that a missing or repeated one is noticed.
 *
 * @param {number} bytes a multiple of 64 KiB
 */
export async function* content(bytes) {
  const noise = Uint8Array.from({ length: chunkBytes }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  for (let n = 0; n < bytes / chunkBytes; n++) {
    const chunk = noise.slice();
    new DataView(chunk.buffer).setUint32(0, n);
    yield chunk;
  }
}

/**
 * SHA-256 by Node's own means, in hex.
 *
 * @param {AsyncIterable<Uint8Array>} chunks
 */
export async function digestOf(chunks) {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
