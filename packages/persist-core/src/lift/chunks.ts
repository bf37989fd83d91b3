/** A chunk of a blob as it is stored. */
import { base64ToBytes, bytesToBase64 } from "../base64.ts";
import { corrupt, expectObject } from "./corrupt.ts";

interface StoredChunk {
  readonly base64: string;
}

export function storedChunk(bytes: Uint8Array): StoredChunk {
  return { base64: bytesToBase64(bytes) };
}

export function parseChunk(data: unknown, physicalKey: string): Uint8Array<ArrayBuffer> {
  const { base64 } = expectObject<StoredChunk>(data, physicalKey, (it) => typeof it.base64 === "string");
  try {
    return base64ToBytes(base64);
  } catch {
    throw corrupt(physicalKey, "it is no base64");
  }
}
