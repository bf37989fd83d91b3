/** Slots as objects: reading them by number, and finding the one that has a position. */
import type { Bucket, Patience } from "./bucket.ts";
import { type Layout, nameIn } from "./layout.ts";
import { numbered } from "./names.ts";
import { readSlot, type Slot } from "./slots.ts";

export interface SlotName {
  readonly number: number;
  /** Of the last event before it. */
  readonly before: number;
  readonly place: string;
}

export interface SlotObjects {
  /** Names of those behind this number, in order; at most 1 000. */
  namesAfter(number: number, limit: number, o: Patience): Promise<{ names: readonly SlotName[]; more: boolean }>;
  read(name: SlotName, o: Patience): Promise<Slot>;
  /** One that is at hand, so that it need not be read. */
  note(slot: Slot): void;
  forgetAll(): void;
  find(number: number, o: Patience): Promise<Slot | undefined>;
  /** By what makes up its name. */
  readAt(at: Pick<SlotName, "number" | "before">, o: Patience): Promise<Slot>;
  /**
   * The number of the slot that has the event with this position, which is not beyond `end`.
   */
  withPosition(
    position: number,
    end: { readonly slot: number; readonly position: number },
    o: Patience,
  ): Promise<number>;
}

/** Slots that are remembered, and how many events those may have. */
const most = 512;
const mostEvents = 20_000;
const page = 1000;

export function createSlotObjects(bucket: Bucket, layout: Layout): SlotObjects {
  const { slots } = layout;
  const remembered = new Map<number, Slot>();
  let events = 0;

  const eventsOf = (slot: Slot | undefined) => (slot === undefined ? 0 : slot.position - slot.before);

  const forget = (number: number) => {
    events -= eventsOf(remembered.get(number));
    remembered.delete(number);
  };

  const note = (slot: Slot) => {
    forget(slot.number);
    remembered.set(slot.number, slot);
    events += eventsOf(slot);
    for (const [oldest] of remembered) {
      if (remembered.size <= most && events <= mostEvents) break;
      forget(oldest);
    }
  };

  const namesAfter: SlotObjects["namesAfter"] = async (number, limit, o) => {
    // Behind everything that this slot's name could go on with.
    const after = `${slots.prefix}${numbered(number)}.~`;
    const { objects, more } = await bucket.list(slots.prefix, { ...o, after, limit: Math.min(limit, page) });
    const names = objects.map(({ key }): SlotName => {
      const [own, before] = nameIn(slots, key).split(".");
      return { number: Number(own), before: Number(before), place: key };
    });
    return { names, more };
  };

  const read: SlotObjects["read"] = async ({ number, place }, o) => {
    const known = remembered.get(number);
    if (known !== undefined) return known;
    const object = await bucket.readText(place, o);
    const slot = readSlot(object?.text ?? "", place);
    note(slot);
    return slot;
  };

  return {
    namesAfter,
    read,
    note,
    forgetAll() {
      remembered.clear();
      events = 0;
    },
    readAt: ({ number, before }, o) => read({ number, before, place: layout.slot(number, before) }, o),
    async find(number, o) {
      const known = remembered.get(number);
      if (known !== undefined) return known;
      const { names } = await namesAfter(number - 1, 1, o);
      const [name] = names;
      return name?.number === number ? read(name, o) : undefined;
    },
    async withPosition(position, end, o) {
      let low = { number: 1, before: 0 };
      let high = { number: end.slot + 1, before: end.position };
      for (let step = 0; high.number - low.number > 1; step++) {
        // Slots hold about as many events each, mostly; every other step does not rely on it.
        const share = step % 2 === 1 ? 0.5 : (position - low.before) / Math.max(1, high.before - low.before);
        const span = high.number - low.number;
        const middle = span <= page ? low.number + 1 : low.number + Math.max(1, Math.floor(share * span) - page / 2);
        const { names } = await namesAfter(Math.min(middle, high.number - 1) - 1, page, o);
        const later = names.find(({ before }) => before >= position);
        const earlier = names.findLast(({ before }) => before < position);
        if (earlier !== undefined && earlier.number > low.number) low = earlier;
        if (later !== undefined && later.number < high.number) high = later;
        if (later === undefined && earlier === undefined) break;
        if (earlier !== undefined && later === undefined && names.length < page) break; // it is the last one
      }
      return low.number;
    },
  };
}
