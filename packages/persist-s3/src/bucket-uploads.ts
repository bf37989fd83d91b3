/** Uploads in parts. */
import type { Bucket, PutAnswer } from "./bucket.ts";
import { refusedAs, stored } from "./bucket-writes.ts";
import { md5Of } from "./drivers/objects.ts";
import {
  abortUpload as abort,
  completeUpload as complete,
  createUpload,
  findUpload,
  uploadPart as upload,
} from "./drivers/uploads.ts";
import type { Emulation } from "./emulated-conditions.ts";
import { isMissing, refuse, statusOf } from "./errors.ts";
import { type Sending, untilDeadline, withinFor } from "./sending.ts";

type Uploads = Pick<Bucket, "beginUpload" | "uploadPart" | "completeUpload" | "abortUpload">;

export function createUploads(sending: Sending, { guarded }: Emulation, { head }: Pick<Bucket, "head">): Uploads {
  const { driver, send, findings, place, within } = sending;

  const isGone = (key: string, uploadId: string, signal: AbortSignal): Promise<boolean> =>
    findUpload(driver, { key, uploadId }, signal).then(() => false, isMissing);

  const gone = (key: string) =>
    refuse("NOT_FOUND", `There is no such upload to "${key}" in ${place}: it was completed or given up.`, { key });

  return {
    beginUpload(key, o) {
      const { contentType, metadata } = o;
      // One that was begun and never told of is swept like any other that nobody ends.
      const call = { attempt: `begin an upload to "${key}"`, writes: false, within };
      let isRepeated = false;
      return send(o, call, ({ signal }) => {
        if (isRepeated) o.onDoubt?.();
        isRepeated = true;
        return createUpload(driver, { key, contentType, metadata }, signal);
      });
    },

    async uploadPart(key, uploadId, number, body, o) {
      const call = {
        attempt: `upload part ${number} of "${key}"`,
        writes: false,
        within: withinFor(sending, body.length),
      };
      const md5 = findings.wantsMd5 ? md5Of(body) : undefined;
      const part = await send(o, call, ({ signal }) => upload(driver, { key, uploadId, number, body, md5 }, signal));
      o.onProgress?.(body.length);
      return part;
    },

    async completeUpload(key, uploadId, parts, o) {
      const call = { attempt: `complete the upload to "${key}"`, writes: true, within: untilDeadline };
      const answer = await guarded(key, o.ifEtag, findings.enforced.completions, o, (conditions) =>
        send(o, call, async ({ signal, doubtful }): Promise<PutAnswer> => {
          try {
            return stored(await complete(driver, { key, uploadId, parts, ...conditions }, signal));
          } catch (error) {
            // Ceph has no better word for an upload that is not there.
            if (statusOf(error) === 500 && (await isGone(key, uploadId, signal))) throw gone(key);
            return refusedAs(conditions, doubtful)(error);
          }
        }),
      );
      if (answer.outcome === "refused" || answer.etag !== "") return answer;
      const facts = await head(key, o); // the server did not tell
      return { ...answer, etag: facts?.etag ?? "", versionId: facts?.versionId };
    },

    async abortUpload(key, uploadId, o) {
      const call = { attempt: `give up the upload to "${key}"`, writes: true, within };
      await send(o, call, ({ signal }) =>
        abort(driver, { key, uploadId }, signal).catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        }),
      );
    },
  };
}
