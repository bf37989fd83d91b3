/** Which slots have the events of a stream: an object for each span of the log that was put in its place at once, named by the versions in it. */
import type { Bucket, Patience } from "./bucket.ts";
import type { Layout } from "./layout.ts";
import { numbered } from "./names.ts";
import type { SlotName } from "./slot-objects.ts";
import { type Batch, firstVersionOf, type Slot } from "./slots.ts";
import { corrupt } from "./state.ts";

/** A batch of the stream, and where it stands. */
export interface PageEntry extends Pick<SlotName, "number" | "before"> {
  readonly first: number;
  readonly last: number;
}

export interface StreamPage {
  readonly place: string;
  readonly first: number;
  readonly last: number;
}

/** Batches of one stream with their slots, in order. */
export type SlotBatches = readonly (readonly [batch: Batch, slot: Slot])[];

export const entriesOf = (batches: SlotBatches): PageEntry[] =>
  batches.map(([batch, { number, before }]) => ({
    first: firstVersionOf(batch),
    last: batch.head.version,
    number,
    before,
  }));

export async function storePage(
  bucket: Bucket,
  place: string,
  entries: readonly PageEntry[],
  o: Patience,
): Promise<void> {
  const slots = entries.map(({ first, last, number, before }) => [first, last, number, before]);
  await bucket.put(place, JSON.stringify({ slots }), { ...o, contentType: "application/json" });
}

export async function readPage(bucket: Bucket, place: string, o: Patience): Promise<readonly PageEntry[]> {
  const object = await bucket.readText(place, o);
  if (object === undefined) return [];
  try {
    const { slots } = JSON.parse(object.text) as { slots: readonly (readonly [number, number, number, number])[] };
    return slots.map(([first, last, number, before]) => ({ first, last, number, before }));
  } catch {
    throw corrupt(place);
  }
}

/** The pages with versions from `low` on, in order. */
export async function* pagesFrom(
  bucket: Bucket,
  layout: Layout,
  stream: string,
  low: number,
  o: Patience,
): AsyncIterable<StreamPage> {
  const prefix = layout.pages(stream);
  for (let after = `${prefix}${numbered(low - 1)}.~`; ; ) {
    const { objects, more } = await bucket.list(prefix, { ...o, after, limit: 100 });
    for (const { key } of objects) {
      const [last = 0, first = 0] = key.slice(prefix.length).split(".").map(Number);
      yield { place: key, first, last };
      after = key;
    }
    if (!more) return;
  }
}
