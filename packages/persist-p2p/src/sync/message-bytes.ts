/** Messages as bytes: CBOR arrays that begin with a number for their kind. All that comes is checked here for its form; what it means in its place is the session's. */
import { fromCbor, toCbor } from "../drivers/cbor.ts";
import { bodyBytes, chunkBytes, commitBytes, wantedAtOnce } from "./limits.ts";
import { isFingerprints, type Message, type OwnEntry, type Range, type Relayed, Violation } from "./messages.ts";
import type { Item, Marked } from "./replica.ts";

const kinds = [
  "hello",
  "read",
  "ack",
  "ask",
  "want",
  "pull",
  "want-chunks",
  "page",
  "given",
  "offer",
  "rows",
  "events",
  "chunk",
  "compare",
  "answer",
  "clock",
] as const satisfies readonly Message["kind"][];

export function toBytes(message: Message): Uint8Array {
  return toCbor([kinds.indexOf(message.kind), ...fieldsOf(message)]);
}

function fieldsOf(m: Message): unknown[] {
  switch (m.kind) {
    case "hello": {
      const { replica, author, process, link, head, floor, clock, features, reads } = m;
      const read = reads === undefined ? null : [fromHex(reads.replica), reads.place ?? null, reads.events];
      const names = [fromHex(replica), fromHex(author), fromHex(process)];
      return [...m.versions, ...names, link, head, floor, clock, features, read];
    }
    case "read":
      return [m.reading, m.place ?? null, m.events];
    case "ack":
      return [m.place, m.push, m.reply];
    case "clock":
      return [m.place, m.time];
    case "ask":
      return [m.after, m.to, m.all];
    case "want":
      return [Buffer.concat(m.ids), m.upTo ?? null];
    case "pull":
      return [Buffer.concat([...m.vector.keys()].map(fromHex)), [...m.vector.values()], m.upTo ?? null];
    case "want-chunks":
      return [fromHex(m.digest), m.offset, m.count];
    case "page":
      return [m.reading, m.entries.map(entryFields), m.relayed.map(relayedFields), m.place, m.head];
    case "given":
      return [m.entries.map(entryFields), m.upTo];
    case "offer":
      return [packed(m.marks), m.events, m.upTo];
    case "rows":
      return [m.items.map(itemFields), m.head, m.answered];
    case "events":
      return [m.items.map(itemFields), m.head, m.more];
    case "chunk":
      return [m.offset, m.bytes ?? null];
    case "compare":
      return [m.head, m.ranges.map(rangeFields), packed(m.told), m.end];
    case "answer":
      return [m.ranges.map(rangeFields), packed(m.told)];
  }
}

const entryFields = ({ place, items }: OwnEntry): unknown[] => [place, items.map(itemFields)];
const relayedFields = ({ via, viaPlace }: Relayed): unknown[] => [fromHex(via), viaPlace ?? null];
/** Without marks: what a state's mark is follows from the state. */
const itemFields = ({ kind, id, body }: Item): unknown[] => (kind === "row" ? [id, body] : [id, body, null]);

const packed = (marks: readonly Marked[]): Uint8Array => Buffer.concat(marks.flatMap(({ id, mark }) => [id, mark]));

function rangeFields({ prefix, nibbles, has }: Range): unknown[] {
  const start = prefix.subarray(0, Math.ceil(nibbles / 2));
  if (!isFingerprints(has)) return [start, nibbles, packed(has)];
  const sums = has.filter(({ count }) => count > 0).map(({ sum }) => sum);
  return [start, nibbles, has.map(({ count }) => count), Buffer.concat(sums)];
}

/** Throws {@link Violation} for whatever {@link toBytes} does not make. */
export function fromBytes(bytes: Uint8Array): Message {
  const [kind, ...fields] = array(decoded(bytes), 1, 16);
  return readers[kinds[count(kind, kinds.length - 1)] as Message["kind"]](fields);
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return fromCbor(bytes);
  } catch (error) {
    throw new Violation(`not such CBOR as is sent here: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const readers: { readonly [K in Message["kind"]]: (fields: readonly unknown[]) => Message & { kind: K } } = {
  // What later versions add behind is not looked at.
  hello: ([min, max, replica, author, process, link, head, floor, clock, features, reads]) => ({
    kind: "hello",
    versions: [count(min), count(max)],
    replica: hex(replica, 16),
    author: hex(author, 16),
    process: hex(process, 8),
    link: count(link),
    head: count(head),
    floor: count(floor),
    clock: count(clock),
    features: array(features, 0, 64).map((name) => text(name, 64)),
    reads: optional(reads, (value) => {
      const [of, place, events] = array(value, 3, 3);
      return { replica: hex(of, 16), place: optional(place, count), events: count(events) };
    }),
  }),
  read: (fields) => {
    const [reading, place, events] = array(fields, 3, 3);
    return { kind: "read", reading: count(reading), place: optional(place, count), events: count(events) };
  },
  ack: (fields) => {
    const [place, push, reply] = array(fields, 3, 3);
    return { kind: "ack", place: count(place), push: count(push), reply: count(reply) };
  },
  ask: (fields) => {
    const [after, to, all] = array(fields, 3, 3);
    return { kind: "ask", after: count(after), to: count(to), all: truth(all) };
  },
  want: (fields) => {
    const [ids, upTo] = array(fields, 2, 2);
    const parts = split(bytesOf(ids, 16, 16 * wantedAtOnce), 16);
    return { kind: "want", ids: parts, upTo: optional(upTo, count) };
  },
  pull: (fields) => {
    const [authors, counts, upTo] = array(fields, 3, 3);
    const names = split(bytesOf(authors, 0, 2 ** 20), 16);
    const numbers = array(counts, names.length, names.length);
    const vector = new Map(names.map((name, i) => [toHex(name), count(numbers[i])]));
    return { kind: "pull", vector, upTo: optional(upTo, count) };
  },
  "want-chunks": (fields) => {
    const [digest, offset, chunks] = array(fields, 3, 3);
    return { kind: "want-chunks", digest: hex(digest, 32), offset: count(offset), count: count(chunks, 8) };
  },
  page: (fields) => {
    const [reading, entries, relayed, place, head] = array(fields, 5, 5);
    return {
      kind: "page",
      reading: count(reading),
      entries: array(entries).map(ownEntry),
      relayed: array(relayed, 0, 1_024).map(relayedOf),
      place: count(place),
      head: count(head),
    };
  },
  given: (fields) => {
    const [entries, upTo] = array(fields, 2, 2);
    return { kind: "given", entries: array(entries).map(ownEntry), upTo: count(upTo) };
  },
  offer: (fields) => {
    const [marks, events, upTo] = array(fields, 3, 3);
    return { kind: "offer", marks: unpacked(marks), events: truth(events), upTo: count(upTo) };
  },
  rows: (fields) => {
    const [items, head, answered] = array(fields, 3, 3);
    return { kind: "rows", items: itemsOf(items), head: count(head), answered: count(answered, wantedAtOnce) };
  },
  events: (fields) => {
    const [items, head, more] = array(fields, 3, 3);
    return { kind: "events", items: itemsOf(items), head: count(head), more: truth(more) };
  },
  clock: (fields) => {
    const [place, time] = array(fields, 2, 2);
    return { kind: "clock", place: count(place), time: count(time) };
  },
  chunk: (fields) => {
    const [offset, bytes] = array(fields, 2, 2);
    return { kind: "chunk", offset: count(offset), bytes: optional(bytes, (b) => bytesOf(b, 0, chunkBytes)) };
  },
  compare: (fields) => {
    const [head, ranges, told, end] = array(fields, 4, 4);
    const list = array(ranges, 0, 64).map(rangeOf);
    return { kind: "compare", head: count(head), ranges: list, told: unpacked(told), end: truth(end) };
  },
  answer: (fields) => {
    const [ranges, told] = array(fields, 2, 2);
    return { kind: "answer", ranges: array(ranges, 0, 1_024).map(rangeOf), told: unpacked(told) };
  },
};

const ownEntry = (value: unknown): OwnEntry => {
  const [place, items] = array(value, 2, 2);
  return { place: count(place), items: itemsOf(items) };
};

const relayedOf = (value: unknown): Relayed => {
  const [via, viaPlace] = array(value, 2, 2);
  return { via: hex(via, 16), viaPlace: optional(viaPlace, count) };
};

function itemsOf(value: unknown): Item[] {
  let bytes = 0;
  return array(value).map((fields) => {
    const [id, bytesOfBody, isEvent] = array(fields, 2, 3);
    const body = bytesOf(bytesOfBody, 0, bodyBytes);
    bytes += body.length;
    if (bytes > commitBytes) throw new Violation("more than a commit holds");
    return { kind: isEvent === undefined ? "row" : "event", id: bytesOf(id, 16, 16), mark: noMark, body };
  });
}

const noMark = new Uint8Array(0);

function rangeOf(value: unknown): Range {
  const [prefix, nibbles, has, sums] = array(value, 3, 4);
  const depth = count(nibbles, 31);
  const start = bytesOf(prefix, Math.ceil(depth / 2), Math.ceil(depth / 2));
  if (sums === undefined) return { prefix: start, nibbles: depth, has: unpacked(has) };
  const counts = array(has, 16, 16).map((n) => count(n));
  const parts = split(bytesOf(sums, 0, 16 * 8), 8);
  if (parts.length !== counts.filter((n) => n > 0).length) throw new Violation("sums and counts differ in number");
  return {
    prefix: start,
    nibbles: depth,
    has: counts.map((n) => ({ count: n, sum: n > 0 ? (parts.shift() as Uint8Array) : noSum })),
  };
}

const noSum = new Uint8Array(8);

function unpacked(value: unknown): Marked[] {
  return split(bytesOf(value, 0, 2 ** 20), 24).map((one) => ({ id: one.subarray(0, 16), mark: one.subarray(16) }));
}

function split(bytes: Uint8Array, size: number): Uint8Array[] {
  if (bytes.length % size !== 0) throw new Violation("bytes of a wrong length");
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

function array(value: unknown, min = 0, max = Number.POSITIVE_INFINITY): readonly unknown[] {
  if (!Array.isArray(value) || value.length < min || value.length > max) throw new Violation("not such an array");
  return value;
}

function count(value: unknown, max: number = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max) {
    throw new Violation("not such a number");
  }
  return value as number;
}

function bytesOf(value: unknown, min: number, max: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
    throw new Violation("not such bytes");
  }
  return value;
}

function text(value: unknown, max: number): string {
  if (typeof value !== "string" || value.length > max) throw new Violation("not such a text");
  return value;
}

function truth(value: unknown): boolean {
  if (typeof value !== "boolean") throw new Violation("neither true nor false");
  return value;
}

const optional = <T>(value: unknown, read: (value: unknown) => T): T | undefined =>
  value === null ? undefined : read(value);

const hex = (value: unknown, length: number): string => toHex(bytesOf(value, length, length));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
const fromHex = (digits: string): Uint8Array => Buffer.from(digits, "hex");
