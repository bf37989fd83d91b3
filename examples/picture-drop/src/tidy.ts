/** Removes what was uploaded and never announced as done: its page was closed, or its name was made up. */
import { blobKey, type Drop } from "./drop.ts";

/** After that nobody is still about to announce it. */
const day = 24 * 60 * 60 * 1000;

export async function tidy({ store, pictures }: Drop, now = Date.now()): Promise<number> {
  let removed = 0;
  for await (const { key } of store.blobs.list({ prefix: blobKey("") })) {
    if (await pictures.has(key.slice(blobKey("").length))) continue;
    const picture = await store.blobs.head(key);
    if (picture === undefined || picture.lastModified.getTime() > now - day) continue;
    if (await store.blobs.delete(key)) removed++;
  }
  return removed;
}
