/** For clauses about uploads. */
import type { BlobUpload, Store } from "@cuitty/persist-core";
import { present } from "./assertions.ts";
import { bytesOf, inChunks } from "./content.ts";

/** Several parts on most backends. */
export const content: Uint8Array<ArrayBuffer> = bytesOf(2_700_000);

export async function write(upload: BlobUpload, bytes: Uint8Array, size: number): Promise<void> {
  for await (const chunk of inChunks(bytes, size)) await upload.write(chunk);
}

export async function bytesAt(store: Store, key: string): Promise<Uint8Array> {
  return present(await store.blobs.get(key), "the blob").bytes();
}
