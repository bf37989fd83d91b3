/** Opens what a store, or a namespace of one, has in the bucket. */
import { PersistError, type Scope } from "@cuitty/persist-core";
import { openBlobSpace } from "./blob-space.ts";
import type { Bucket, Patience } from "./bucket.ts";
import { createEventIds } from "./event-ids.ts";
import { createBesides } from "./index-entries.ts";
import { createKnownRows } from "./known-rows.ts";
import { createLayout, format, type Layout, rootOf } from "./layout.ts";
import { openLog } from "./log.ts";
import { createOldTombstones } from "./old-tombstones.ts";
import type { ParsedOptions } from "./options.ts";
import type { Parts } from "./parts.ts";
import { createRowObjects } from "./row-objects.ts";
import { createSettling } from "./settling.ts";
import { createSlotObjects } from "./slot-objects.ts";
import { corrupt } from "./state.ts";
import { createStreaks } from "./streaks.ts";
import { createStreams } from "./streams.ts";

interface StoreObject {
  readonly format: number;
  readonly name: string;
  readonly namespace: string;
  readonly feed: boolean;
}

export async function openScope(
  bucket: Bucket,
  scope: Scope,
  { prefix, partSize, concurrency, feed }: ParsedOptions,
  o: Patience,
): Promise<Parts> {
  const layout = createLayout(rootOf(prefix, scope));
  const store = await agreeOn(bucket, layout, { format, ...scope, feed }, o);

  const blobs = openBlobSpace(bucket, layout.root, { partSize, concurrency });
  const slots = createSlotObjects(bucket, layout);
  const streams = createStreams(bucket, layout);
  const ids = createEventIds(bucket, layout, slots);
  const log = await openLog({ bucket, layout, objects: slots, streams, applyBlob: blobs.apply }, o);
  const known = createKnownRows();
  const tombstones = createOldTombstones(bucket, known);
  const rows = createRowObjects({ bucket, known, log, tombstones });
  const besides = createBesides(bucket, layout);
  const settling = createSettling({ bucket, layout, log, rows, streams, ids });
  return {
    bucket,
    layout,
    known,
    streaks: createStreaks(3),
    tombstones,
    rows,
    besides,
    log,
    slots,
    streams,
    ids,
    settling,
    blobs,
    feed: store.feed,
  };
}

/** Whoever opens a store first says how it is. */
async function agreeOn(
  bucket: Bucket,
  { store: place }: Layout,
  wanted: StoreObject,
  o: Patience,
): Promise<StoreObject> {
  for (;;) {
    const object = await bucket.readText(place, o);
    if (object !== undefined) {
      const present = parse(object.text, place);
      refuseOther(present, wanted);
      return present;
    }
    const body = `${JSON.stringify(wanted)}\n`;
    const answer = await bucket.put(place, body, { ...o, ifEtag: null, contentType: "application/json" });
    if (answer.outcome === "stored") return wanted;
  }
}

function refuseOther(present: StoreObject, wanted: StoreObject): void {
  if (present.format > format) {
    throw new PersistError(
      "MIGRATION",
      `The store "${present.name}" has the layout ${present.format}, and this version of Persist knows ${format}. Upgrade @cuitty/persist-s3.`,
      { adapter: "s3" },
    );
  }
  if (wanted.feed && !present.feed) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `The store "${present.name}" was made without feed: true, which is decided when a store is made. Open it without, or copy it into another one.`,
      { adapter: "s3" },
    );
  }
}

function parse(text: string, place: string): StoreObject {
  try {
    const data = JSON.parse(text) as StoreObject;
    if (Number.isInteger(data.format) && typeof data.feed === "boolean") return data;
  } catch {
    // Told below.
  }
  throw corrupt(place);
}
