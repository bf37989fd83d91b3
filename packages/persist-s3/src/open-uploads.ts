/**
 * Uploads in parts that are under way, each with a small object of its own, so that whoever sweeps knows which are this store's: of others' in the same bucket nothing is touched. It is written before the upload is
 * begun, told the upload's id right after, and renewed while the upload gets on.
 */
import type { BlobHeaders } from "./blob-headers.ts";
import type { BlobPlaces } from "./blob-places.ts";
import type { Bucket, Patience } from "./bucket.ts";

export interface OpenUpload {
  /** Names its mark. */
  readonly id: string;
  readonly place: string;
  readonly uploadId: string;
}

export interface Mark {
  readonly place: string;
  /** Left out until it is known. */
  readonly uploadId?: string | undefined;
}

export interface OpenUploads {
  begin(place: string, headers: BlobHeaders | undefined, o: Patience): Promise<OpenUpload>;
  /** It got on: keeps it for another day. Cheap, so it may be called for each part. */
  renew(upload: OpenUpload, o: Patience): Promise<void>;
  /** It has ended: takes the mark away. */
  forget(id: string, o: Patience): Promise<void>;
  /** Gives it up; nothing of it is left. */
  abort(upload: OpenUpload, o: Patience): Promise<void>;
}

const renewedAfter = 60 * 60 * 1000;

export function createOpenUploads(bucket: Bucket, places: BlobPlaces): OpenUploads {
  /** When the marks of this process were written, by `performance.now()`. */
  const marked = new Map<string, number>();

  const write = async (id: string, mark: Mark, o: Patience) => {
    // Nobody else writes it. One that comes too late is swept as any other.
    await bucket.put(places.uploadMark(id), JSON.stringify(mark), { ...o, contentType: "application/json" });
    marked.set(id, performance.now());
  };

  const forget = async (id: string, o: Patience) => {
    marked.delete(id);
    await bucket.remove(places.uploadMark(id), o);
  };

  return {
    async begin(place, headers, o) {
      const id = crypto.randomUUID();
      await write(id, { place }, o);
      let isDoubtful = false;
      const onDoubt = () => {
        isDoubtful = true;
      };
      const uploadId = await bucket.beginUpload(place, { ...o, ...headers, onDoubt });
      // There may be another one, for sweeps to find.
      if (isDoubtful) await write(crypto.randomUUID(), { place }, o);
      const upload = { id, place, uploadId };
      try {
        await write(id, { place, uploadId }, o);
      } catch (error) {
        await bucket.abortUpload(place, uploadId, o).catch(() => undefined);
        throw error;
      }
      return upload;
    },
    async renew({ id, place, uploadId }, o) {
      if (performance.now() - (marked.get(id) ?? 0) > renewedAfter) await write(id, { place, uploadId }, o);
    },
    forget,
    async abort({ id, place, uploadId }, o) {
      await bucket.abortUpload(place, uploadId, o);
      await forget(id, o);
    },
  };
}
