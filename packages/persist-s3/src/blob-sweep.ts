/** One bounded step of taking away what was left behind: what was staged a day ago and never put, uploads that did not come to their end, and sidecars that no blob names. */
import type { EngineOptions } from "@cuitty/persist-core";
import { type Sidecar, sidecarOf } from "./blob-headers.ts";
import type { BlobPlaces } from "./blob-places.ts";
import type { Bucket, ListedObject, Patience } from "./bucket.ts";
import { inParallel } from "./in-parallel.ts";
import type { Mark } from "./open-uploads.ts";

export type BlobSweep = (o: EngineOptions) => Promise<{ readonly more: boolean }>;

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** By the server's clock. */
const keptFor = day;
/** How often to look, by the clock of whoever sweeps. */
const looksAfter = { staged: 10 * minute, sidecars: day };
/** How long after its mark an upload may have begun whose id nobody has written down. */
const beginsWithin = 2 * minute;
const atOnce = 8;
const listed = 1000;
/** Sidecars in one step, each of which costs two requests. */
const looked = 100;

export function createBlobSweep(bucket: Bucket, places: BlobPlaces): BlobSweep {
  /** When to look next; `undefined`: never was. */
  let stagedDue: number | undefined;
  let sidecarsDue: number | undefined;
  let stagedAfter: string | undefined;
  let sidecarsAfter: string | undefined;

  const endUpload = async (mark: ListedObject, o: Patience): Promise<void> => {
    const object = await bucket.readText(mark.key, o);
    if (object === undefined) return;
    const { place, uploadId } = JSON.parse(object.text) as Mark;
    if (uploadId !== undefined) await bucket.abortUpload(place, uploadId, o);
    else {
      const { uploads } = await bucket.listUploads(place, o);
      for (const upload of uploads) {
        const since = upload.initiated - mark.lastModified;
        if (upload.key !== place || since < -1000 || since > beginsWithin) continue;
        await bucket.abortUpload(place, upload.uploadId, o);
      }
    }
    await bucket.remove(mark.key, o);
  };

  const sweepStaged = async (o: Patience): Promise<boolean> => {
    const page = await bucket.list(places.staged, { ...o, after: stagedAfter, limit: listed });
    stagedAfter = page.more ? page.objects.at(-1)?.key : undefined;
    const old = page.objects.filter(({ lastModified }) => page.time - lastModified > keptFor);
    // Pieces of what is still being extended are kept, however old.
    const newest = new Map<string, number>();
    for (const { key, lastModified } of page.objects) {
      newest.set(groupOf(key), Math.max(newest.get(groupOf(key)) ?? 0, lastModified));
    }
    await inParallel(old, atOnce, async (object) => {
      if (object.key.endsWith(".upload")) {
        await endUpload(object, o);
        return;
      }
      const group = groupOf(object.key);
      if (page.time - (newest.get(group) ?? 0) <= keptFor) return;
      if (group !== object.key && !(await isIdle(group, page.time, o))) return;
      await bucket.remove(object.key, o);
    });
    return stagedAfter !== undefined;
  };

  /** Of pieces that go on behind the page. */
  const isIdle = async (group: string, time: number, o: Patience): Promise<boolean> => {
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await bucket.list(group, { ...o, after, limit: listed });
      if (page.objects.some(({ lastModified }) => time - lastModified <= keptFor)) return false;
      ({ more } = page);
      after = page.objects.at(-1)?.key;
    }
    return true;
  };

  /** Pieces of the same bytes stand in one folder. */
  const groupOf = (key: string): string => {
    const end = key.indexOf("/", places.staged.length);
    return end === -1 ? key : key.slice(0, end + 1);
  };

  const sweepSidecars = async (o: Patience): Promise<boolean> => {
    const page = await bucket.list(places.sidecars, { ...o, after: sidecarsAfter, limit: looked });
    sidecarsAfter = page.more ? page.objects.at(-1)?.key : undefined;
    const old = page.objects.filter(({ lastModified }) => page.time - lastModified > keptFor);
    await inParallel(old, atOnce, async ({ key }) => {
      const object = await bucket.readText(key, o);
      if (object === undefined) return;
      const { place } = JSON.parse(object.text) as Sidecar;
      const blob = await bucket.head(place, o);
      const isNamed = blob !== undefined && places.sidecar(sidecarOf(blob) ?? "") === key;
      if (!isNamed) await bucket.remove(key, o);
    });
    return sidecarsAfter !== undefined;
  };

  return async (o) => {
    if (o.now >= (stagedDue ?? 0)) {
      if (await sweepStaged(o)) return { more: true };
      stagedDue = o.now + looksAfter.staged;
    }
    sidecarsDue ??= o.now + looksAfter.sidecars;
    if (o.now < sidecarsDue) return { more: false };
    const more = await sweepSidecars(o);
    if (!more) sidecarsDue = o.now + looksAfter.sidecars;
    return { more };
  };
}
