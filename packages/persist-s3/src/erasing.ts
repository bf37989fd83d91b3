/** Takes the data of erased events out of the slots that hold them. */
import type { Bucket, Patience } from "./bucket.ts";
import type { Layout } from "./layout.ts";
import type { Log } from "./log.ts";
import { type Batch, firstVersionOf, readSlot, type Slot, writeSlot } from "./slots.ts";
import { pagesFrom, readPage } from "./stream-pages.ts";

export interface ErasingParts {
  readonly bucket: Bucket;
  readonly layout: Layout;
  readonly log: Log;
}

/** Of the stream's events below the version `first`. */
export async function eraseFromSlots(
  { bucket, layout, log }: ErasingParts,
  stream: string,
  first: number,
  o: Patience,
): Promise<void> {
  // Those of the tail are on no page yet.
  const recent = log.tail.slots.filter(({ batches }) => batches.some((batch) => batch.stream === stream));
  await Promise.all(
    recent.map(({ number, before }) => eraseFrom(bucket, layout.slot(number, before), stream, first, o)),
  );
  for await (const page of pagesFrom(bucket, layout, stream, 1, o)) {
    if (page.first >= first) return;
    const due = (await readPage(bucket, page.place, o)).filter((entry) => entry.first < first);
    await Promise.all(
      due.map(({ number, before }) => eraseFrom(bucket, layout.slot(number, before), stream, first, o)),
    );
    // What is whole and gone need not be looked at again.
    if (page.last < first) await bucket.remove(page.place, o);
  }
}

async function eraseFrom(bucket: Bucket, place: string, stream: string, first: number, o: Patience): Promise<void> {
  for (;;) {
    const object = await bucket.readText(place, o);
    if (object === undefined) return;
    const slot = readSlot(object.text, place);
    const erased = withoutEvents(slot, stream, first);
    if (erased === slot) return;
    const body = writeSlot(erased);
    const answer = await bucket.put(place, body, { ...o, ifEtag: object.etag, contentType: "application/json" });
    if (answer.outcome === "stored") return;
  }
}

function withoutEvents(slot: Slot, stream: string, first: number): Slot {
  const isDue = (batch: Batch) => batch.stream === stream && batch.erased < gone(batch, first);
  if (!slot.batches.some(isDue)) return slot;
  const batches = slot.batches.map((batch): Batch => {
    if (!isDue(batch)) return batch;
    const erased = gone(batch, first);
    const events = batch.events.map((event, i) =>
      i < erased ? { id: event.id, type: "", tags: [], data: "" } : event,
    );
    return { ...batch, erased, events };
  });
  return { ...slot, batches };
}

const gone = (batch: Batch, first: number): number =>
  Math.min(batch.events.length, Math.max(0, first - firstVersionOf(batch)));
