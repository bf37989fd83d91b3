/** The events of the model: one list of all that were ever appended. */
import { Refusal } from "./refusal.ts";

export interface EventEntry {
  readonly id: string;
  readonly stream: string;
  readonly version: number;
  readonly position: number;
  readonly time: number;
  readonly data: unknown;
}

export interface Reading {
  readonly from: number;
  readonly to: number;
  readonly backward: boolean;
  readonly limit: number;
}

export interface EventLog {
  /** The version of the stream's last event, erased or not. */
  head(stream: string): number;
  append(
    stream: string,
    ids: readonly string[],
    data: unknown,
    expect: string,
  ): { version: number; position: number; ids: string[]; duplicate: boolean };
  read(stream: string, reading: Reading): EventEntry[];
  readAll(reading: Reading): EventEntry[];
  /** All that can be read. */
  all(): EventEntry[];
  /** Whether there was one to erase. */
  erase(stream: string, before: number): boolean;
  /** Returns what undoes everything from here on. Nothing is erased meanwhile. */
  mark(): () => void;
}

export function createEventLog(clock: { now(): number }): EventLog {
  let events: EventEntry[] = [];
  /** Positions of events that nobody sees any more. */
  const erased = new Set<number>();

  const eventsOf = (stream: string) => events.filter((event) => event.stream === stream);
  const isSeen = ({ position }: EventEntry) => !erased.has(position);

  const pick = (
    from: readonly EventEntry[],
    number: (event: EventEntry) => number,
    { from: first, to, backward, limit }: Reading,
  ) => {
    const picked = from.filter((event) => isSeen(event) && number(event) >= first && number(event) <= to);
    if (backward) picked.reverse();
    return picked.slice(0, limit);
  };

  return {
    head: (stream) => eventsOf(stream).length,
    append(stream, ids, data, expect) {
      const own = eventsOf(stream);
      const known = ids.map((id) => own.find((event) => event.id === id));
      const first = known[0];
      if (known.some((event) => event !== undefined)) {
        const isRun = first !== undefined && known.every((event, i) => event?.version === first.version + i);
        const last = known.at(-1);
        if (!isRun || last === undefined) throw new Refusal("CONFLICT");
        return { version: last.version, position: last.position, ids: [...ids], duplicate: true };
      }
      const exists = own.some(isSeen);
      const isMet = { any: true, noStream: !exists, streamExists: exists, head: true, beyond: false }[expect];
      if (isMet !== true) throw new Refusal("CONFLICT");
      const time = Math.max(clock.now(), events.at(-1)?.time ?? 0);
      for (const [i, id] of ids.entries()) {
        events.push({ id, stream, version: own.length + i + 1, position: events.length + 1, time, data });
      }
      return { version: own.length + ids.length, position: events.length, ids: [...ids], duplicate: false };
    },
    read: (stream, reading) => pick(eventsOf(stream), ({ version }) => version, reading),
    readAll: (reading) => pick(events, ({ position }) => position, reading),
    all: () => events.filter(isSeen),
    erase(stream, before) {
      const gone = eventsOf(stream).filter((event) => isSeen(event) && event.version < before);
      for (const { position } of gone) erased.add(position);
      return gone.length > 0;
    },
    mark() {
      const before = [...events];
      return () => {
        events = before;
      };
    },
  };
}
