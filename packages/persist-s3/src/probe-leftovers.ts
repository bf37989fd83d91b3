/** What a probe has left behind whose process died: small objects and uploads, removed by whoever asks the server after it. Nothing depends on it. */
import type { Driver } from "./driver.ts";
import { listObjects, listUploads } from "./drivers/listings.ts";
import { deleteObject } from "./drivers/objects.ts";
import { abortUpload } from "./drivers/uploads.ts";

/** No probe takes so long. In milliseconds, by the server's clock. */
const hour = 60 * 60 * 1000;
const most = 1000;

/** Sends a request, and passes over that it fails. */
export type Ask = (request: (signal: AbortSignal) => Promise<unknown>) => Promise<unknown>;

/** `folder`: where all probes of this prefix have theirs. */
export async function removeLeftovers(driver: Driver, folder: string, ask: Ask): Promise<void> {
  await Promise.all([
    ask(async (signal) => {
      const { uploads, time } = await listUploads(driver, { prefix: folder }, signal);
      const old = uploads.filter(({ initiated }) => time - initiated > hour);
      await Promise.all(
        old.map(({ key, uploadId }) => ask((signal) => abortUpload(driver, { key, uploadId }, signal))),
      );
    }),
    ask(async (signal) => {
      const { objects, time } = await listObjects(driver, { prefix: folder, limit: most }, signal);
      const old = objects.filter(({ lastModified }) => time - lastModified > hour);
      await Promise.all(old.map(({ key }) => ask((signal) => deleteObject(driver, { key }, signal))));
    }),
  ]);
}
