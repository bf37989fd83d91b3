/** Copies that the server makes. */
import type { Bucket, ObjectFacts, Patience, PutAnswer, UploadedPart } from "./bucket.ts";
import { refusedAs, stored } from "./bucket-writes.ts";
import { copyObject } from "./drivers/objects.ts";
import { copyPart } from "./drivers/uploads.ts";
import type { Emulation } from "./emulated-conditions.ts";
import { refuse, statusOf } from "./errors.ts";
import { type Sending, untilDeadline } from "./sending.ts";

/** Bytes. */
export interface CopyLimits {
  /** The largest object that is copied at once. */
  readonly whole: number;
  /** The parts in which a larger one is. */
  readonly part: number;
}

const gibibyte = 1024 ** 3;
export const copyLimits: CopyLimits = { whole: 5 * gibibyte, part: gibibyte };

/** How many parts are copied at once. */
const partsAtOnce = 8;

type Reads = Pick<Bucket, "head">;
type Uploads = Pick<Bucket, "beginUpload" | "completeUpload" | "abortUpload">;

export function createCopies(
  sending: Sending,
  { guarded }: Emulation,
  { head }: Reads,
  uploads: Uploads,
  limits: CopyLimits,
): Pick<Bucket, "copy" | "copyPart"> {
  const { driver, send, findings, place } = sending;
  const refused: PutAnswer = { outcome: "refused", doubtful: false };

  const copy: Bucket["copy"] = async (from, to, o) => {
    const { fromEtag } = o;
    const sourceIfMatch = fromEtag === undefined ? undefined : `"${fromEtag}"`;
    const source = await head(from, o);
    if (source === undefined && fromEtag === undefined) throw missing(from);
    if (source === undefined || (fromEtag !== undefined && source.etag !== fromEtag)) return refused;
    if (source.size > limits.whole) return await copyInParts(source, to, o);
    const { contentType, metadata, ifEtag } = o;
    const call = { attempt: `copy "${from}" to "${to}"`, writes: true, within: untilDeadline };
    const answer = await guarded(to, ifEtag, findings.enforced.copies, o, (conditions) =>
      send(o, call, ({ signal, doubtful }) =>
        copyObject(driver, { from, to, contentType, metadata, sourceIfMatch, ...conditions }, signal).then(
          stored,
          refusedAs({ ...conditions, ...(sourceIfMatch === undefined ? {} : { ifMatch: sourceIfMatch }) }, doubtful),
        ),
      ),
    );
    if (answer.outcome === "stored" && fromEtag !== undefined && !findings.copySources)
      await checkSource(source, to, o);
    return answer;
  };

  /** Where the server does not heed the source's ETag: whether it was still the same afterwards. */
  async function checkSource({ key, etag }: ObjectFacts, to: string, o: Patience): Promise<void> {
    if ((await head(key, o))?.etag === etag) return;
    const message = `"${key}" in ${place} was replaced while it was being copied to "${to}". Look at what is there now.`;
    throw refuse("CONFLICT", message, { key, outcome: "unknown" });
  }

  async function copyInParts(source: ObjectFacts, to: string, o: Parameters<Bucket["copy"]>[2]): Promise<PutAnswer> {
    const { key: from, size, etag } = source;
    const { contentType, metadata } = o.contentType === undefined && o.metadata === undefined ? source : o;
    const uploadId = await uploads.beginUpload(to, { ...o, contentType, metadata });
    const name = { key: to, uploadId };
    try {
      const offsets = Array.from({ length: Math.ceil(size / limits.part) }, (_, index) => index * limits.part);
      const parts: UploadedPart[] = [];
      let isOther = false;
      const work = async (): Promise<void> => {
        for (let offset = offsets.shift(); offset !== undefined && !isOther; offset = offsets.shift()) {
          const number = offset / limits.part + 1;
          const length = Math.min(limits.part, size - offset);
          const request = { ...name, number, from, offset, length, sourceIfMatch: `"${etag}"` };
          const call = { attempt: `copy a part of "${from}" to "${to}"`, writes: false, within: untilDeadline };
          const part = await send(o, call, ({ signal }) => copyPart(driver, request, signal).catch(otherSource));
          if (part === undefined) isOther = true;
          else parts[number - 1] = part;
        }
      };
      await Promise.all(Array.from({ length: partsAtOnce }, work));
      if (!isOther && !findings.copySources) isOther = (await head(from, o))?.etag !== etag;
      if (isOther) {
        await uploads.abortUpload(to, uploadId, o);
        return refused;
      }
      const answer = await uploads.completeUpload(to, uploadId, parts, o);
      if (answer.outcome === "refused") await uploads.abortUpload(to, uploadId, o);
      return answer;
    } catch (error) {
      await uploads.abortUpload(to, uploadId, { deadline: performance.now() + 5_000 }).catch(() => undefined);
      throw error;
    }
  }

  const copyWhole: Bucket["copyPart"] = async (key, uploadId, number, o) => {
    const { from, fromEtag, size } = o;
    const request = { key, uploadId, number, from, offset: 0, length: size, sourceIfMatch: `"${fromEtag}"` };
    const call = { attempt: `copy "${from}" to a part of "${key}"`, writes: false, within: untilDeadline };
    const part = await send(o, call, ({ signal }) => copyPart(driver, request, signal).catch(otherSource));
    return part === undefined || findings.copySources || (await head(from, o))?.etag === fromEtag ? part : undefined;
  };

  const missing = (key: string) => refuse("NOT_FOUND", `There is no "${key}" in ${place}.`, { key });

  return { copy, copyPart: copyWhole };
}

function otherSource(error: unknown): undefined {
  if (statusOf(error) !== 412) throw error;
}
