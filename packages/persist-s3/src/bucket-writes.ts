/** Writing and removing objects. */
import type { Bucket, PutAnswer } from "./bucket.ts";
import type { ConditionHeaders } from "./conditions.ts";
import { deleteObject, md5Of, putObject, type Written } from "./drivers/objects.ts";
import type { Emulation } from "./emulated-conditions.ts";
import { codeOf, isMissing, statusOf, wasRepeated } from "./errors.ts";
import { type Sending, withinFor } from "./sending.ts";

export function createWrites(sending: Sending, { guarded }: Emulation): Pick<Bucket, "put" | "remove"> {
  const { driver, send, findings } = sending;
  const { enforced, wantsMd5 } = findings;

  const put: Bucket["put"] = (key, body, o) => {
    const { contentType, metadata, ifEtag } = o;
    const content = { key, body, contentType, metadata, md5: wantsMd5 ? md5Of(body) : undefined };
    const call = { attempt: `write "${key}"`, writes: true, within: withinFor(sending, body.length) };
    const write = (conditions: ConditionHeaders): Promise<PutAnswer> =>
      send(o, call, ({ signal, doubtful }) =>
        putObject(driver, { ...content, ...conditions }, signal).then(stored, refusedAs(conditions, doubtful)),
      );
    return guarded(key, ifEtag, enforced.puts, o, write);
  };

  const remove: Bucket["remove"] = async (key, o) => {
    const call = { attempt: `remove "${key}"`, writes: true, within: sending.within };
    const { outcome } = await guarded(key, o.ifEtag, enforced.deletes, o, (conditions) =>
      send(o, call, async ({ signal, doubtful }) => {
        try {
          await deleteObject(driver, { key, ifMatch: conditions.ifMatch }, signal);
        } catch (error) {
          if (!isMissing(error)) return refusedAs(conditions, doubtful)(error);
        }
        return removed;
      }),
    );
    return outcome === "stored";
  };

  return { put, remove };
}

const removed: PutAnswer = { outcome: "stored", etag: "" };

export const stored = ({ etag, versionId }: Written): PutAnswer => ({ outcome: "stored", etag, versionId });

/** What an error says of the condition; throws it where it says nothing. */
export const refusedAs =
  (conditions: ConditionHeaders, doubtful: boolean) =>
  (error: unknown): PutAnswer => {
    const isConditional = conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined;
    const isRefused =
      statusOf(error) === 412 ||
      (conditions.ifMatch !== undefined && statusOf(error) === 404 && codeOf(error) === "NoSuchKey");
    if (!isConditional || !isRefused) throw error;
    return { outcome: "refused", doubtful: doubtful || wasRepeated(error) };
  };
