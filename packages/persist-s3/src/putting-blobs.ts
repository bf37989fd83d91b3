/** Putting blobs in their places, each under the condition that there is what was there when it was decided. */
import { type Answer, PersistError } from "@cuitty/persist-core";
import type { BlobParts } from "./blob-parts.ts";
import type { Sourced } from "./blob-sources.ts";
import { type BlobWrite, type SourcedPut, valueWith } from "./blob-write.ts";
import type { Patience, PutAnswer } from "./bucket.ts";
import { collected } from "./collected.ts";
import { ensureWanted } from "./deadline.ts";
import { briefly, takeAway } from "./giving-up.ts";

export type Placed =
  | { readonly outcome: "stored"; readonly answer: Answer }
  /** There is something else by now. */
  | { readonly outcome: "refused" }
  /** The bytes are not there any more. */
  | { readonly outcome: "gone" };

export interface BlobPutting {
  /** Only over what has this ETag (`null`: nothing). */
  put(sourced: Sourced, place: string, ifEtag: string | null, o: Patience): Promise<Placed>;
  /** What was prepared, where nobody has written since. */
  apply(write: BlobWrite, o: Patience): Promise<void>;
}

const refused: PutAnswer = { outcome: "refused", doubtful: false };
const gone = { outcome: "gone" } as const;

export function createBlobPutting(parts: BlobParts): BlobPutting {
  const { bucket, places, sidecars, known, objects, openUploads, pieces, here, partSize } = parts;

  const placeOfSource = ({ source }: SourcedPut): string | undefined => {
    if (source.from === "upload") return undefined;
    return source.from === "object" ? places.stagedObject(source.id) : source.place;
  };

  const send = async (
    sourced: Sourced,
    place: string,
    ifEtag: string | null,
    o: Patience,
  ): Promise<PutAnswer | typeof gone> => {
    const { headers } = sourced;
    const put = (bytes: Uint8Array) => bucket.put(place, bytes, { ...o, ...headers, ifEtag });
    if ("bytes" in sourced) return put(sourced.bytes);
    const { source } = sourced;
    if (source.from === "upload") {
      return bucket.completeUpload(place, source.uploadId, source.parts, { ...o, ifEtag }).catch((error: unknown) => {
        if (PersistError.is(error, "NOT_FOUND")) return gone; // or it has become what it should
        throw error;
      });
    }
    const copy = source.from === "object" ? here.copies.get(source.id) : undefined;
    if (copy !== undefined) return put(copy.bytes);
    const from = placeOfSource(sourced) as string;
    if (bucket.enforced.copies || source.size > partSize) {
      const answer = await bucket.copy(from, place, { ...o, ...headers, fromEtag: source.etag, ifEtag });
      if (answer.outcome === "stored") return answer;
      return (await bucket.head(from, o))?.etag === source.etag ? refused : gone;
    }
    // More servers judge the condition of a put than that of a copy.
    const object = await bucket.open(from, { ...o, ifEtag: source.etag });
    return object === undefined ? gone : put(await collected(object.body));
  };

  /** Takes away what has served its purpose. */
  const tidy = async (sourced: Sourced): Promise<void> => {
    if (sourced.pieces !== undefined) await takeAway(pieces.remove(sourced.pieces, briefly()));
    if ("bytes" in sourced) {
      here.memory.delete(sourced.memory ?? "");
      return;
    }
    const { source } = sourced;
    if (source.from === "object") {
      here.memory.delete(here.copies.get(source.id)?.memory ?? "");
      here.copies.delete(source.id);
      await takeAway(bucket.remove(places.stagedObject(source.id), briefly()));
    } else if (source.from === "upload") {
      here.sent.delete(source.id);
      await takeAway(openUploads.forget(source.id, briefly()));
    }
  };

  const put: BlobPutting["put"] = async (sourced, place, ifEtag, o) => {
    const { version, value, sidecar } = sourced;
    const before = known.get(place);
    known.forget(place);
    const answer = await send(sourced, place, ifEtag, o);
    if (answer.outcome === "stored") {
      known.set(place, { etag: answer.etag, version, sidecar });
      await tidy(sourced);
      if (before?.sidecar !== undefined && before.etag === ifEtag) {
        await takeAway(sidecars.remove(before.sidecar, briefly()));
      }
      return { outcome: "stored", answer: { value: valueWith(value, answer.etag) } };
    }
    const seen = await objects.look(place, o);
    if (seen?.row.version !== version) return { outcome: answer.outcome };
    await tidy(sourced);
    return { outcome: "stored", answer: { value: seen.row.value } };
  };

  return {
    put,

    async apply(write, o) {
      if (write.do === "nothing") return;
      const { place, ifEtag, replaced } = write;
      if (write.do === "delete") {
        await bucket.remove(place, { ...o, ifEtag: write.ifEtag });
        known.forget(place);
        if (replaced !== undefined) await takeAway(sidecars.remove(replaced, briefly()));
        return;
      }
      for (;;) {
        ensureWanted(o, `write "${place}"`);
        const placed = await put(write, place, ifEtag, o);
        if (placed.outcome === "stored") {
          if (replaced !== undefined) await takeAway(sidecars.remove(replaced, briefly()));
          return;
        }
        const now = known.get(place);
        if (placed.outcome === "gone" || now?.etag !== ifEtag) {
          await tidy(write);
          return;
        }
      }
    },
  };
}
