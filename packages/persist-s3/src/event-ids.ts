/**
 * Where events stand by their ids, for ever. An id that somebody has chosen is an object of its own. Those that core has made are written down together for a span of the log, by the least and the greatest of
 * them; they are found by looking at the spans around, since such ids ascend with the time.
 */
import type { Bucket, Patience } from "./bucket.ts";
import type { Layout } from "./layout.ts";
import type { SlotObjects } from "./slot-objects.ts";
import { firstVersionOf } from "./slots.ts";
import { corrupt } from "./state.ts";
import { entriesOf, type PageEntry, readPage, type SlotBatches, storePage } from "./stream-pages.ts";
import type { IdPlace, Tail } from "./tail.ts";

export interface EventIds {
  find(stream: string, id: string, tail: Pick<Tail, "id">, o: Patience): Promise<IdPlace | undefined>;
  /** Of batches of the stream that were put in their place at once. */
  store(stream: string, batches: SlotBatches, o: Patience): Promise<void>;
}

/** UUIDs of version 7, the time first. */
const made = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** By how much spans may overlap, in milliseconds: ids are made a little before they are appended. */
const longestOverlap = 600_000;

export function createEventIds(bucket: Bucket, layout: Layout, slots: SlotObjects): EventIds {
  const findChosen = async (stream: string, id: string, o: Patience): Promise<IdPlace | undefined> => {
    const place = layout.id(stream, id);
    const object = await bucket.readText(place, o);
    if (object === undefined) return undefined;
    try {
      return JSON.parse(object.text) as IdPlace;
    } catch {
      throw corrupt(place);
    }
  };

  const findIn = async (entries: readonly PageEntry[], stream: string, id: string, o: Patience) => {
    for (const slot of await Promise.all(entries.map((entry) => slots.readAt(entry, o)))) {
      for (const batch of slot.batches) {
        const i = batch.stream === stream ? batch.events.findIndex((event) => event.id === id) : -1;
        if (i === -1) continue;
        return { version: firstVersionOf(batch) + i, position: batch.position + i, slot: slot.number };
      }
    }
    return undefined;
  };

  const findMade = async (stream: string, id: string, o: Patience): Promise<IdPlace | undefined> => {
    const prefix = layout.idRanges(stream);
    let after = `${prefix}${id.slice(0, -1)}`; // right before the id, or a little earlier
    for (;;) {
      const { objects, more } = await bucket.list(prefix, { ...o, after, limit: 100 });
      for (const { key } of objects) {
        const [greatest = "", least = ""] = key.slice(prefix.length).split(" ");
        if (timeOf(least) > timeOf(id) + longestOverlap) return undefined;
        if (id < least || id > greatest) continue;
        const found = await findIn(await readPage(bucket, key, o), stream, id, o);
        if (found !== undefined) return found;
      }
      const last = objects.at(-1);
      if (!more || last === undefined) return undefined;
      after = last.key;
    }
  };

  return {
    async find(stream, id, tail, o) {
      const latest = tail.id(stream, id);
      if (latest !== undefined) return latest;
      return (await findChosen(stream, id, o)) ?? (made.test(id) ? findMade(stream, id, o) : undefined);
    },
    async store(stream, batches, o) {
      const fresh = batches.filter(([batch]) => batch.fresh);
      const ids = fresh.flatMap(([batch]) => batch.events.map(({ id }) => id)).sort();
      if (ids.length > 0) {
        const name = `${ids.at(-1)} ${ids[0]}`;
        await storePage(bucket, layout.idRanges(stream) + name, entriesOf(fresh), o);
      }
      const chosen = batches
        .filter(([batch]) => !batch.fresh)
        .flatMap(([batch, { number: slot }]) =>
          batch.events.map(({ id }, i) => {
            const place: IdPlace = { version: firstVersionOf(batch) + i, position: batch.position + i, slot };
            return { id, place };
          }),
        );
      await Promise.all(
        chosen.map(({ id, place }) =>
          bucket.put(layout.id(stream, id), JSON.stringify(place), { ...o, contentType: "application/json" }),
        ),
      );
    },
  };
}

const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
