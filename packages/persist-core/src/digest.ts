/**
 * One number for all that a user can see, so that a copy on another backend can be compared with its original.
 *
 * SHA-256 over the facades in the order records, kv, blobs, events, each as its name and then its entries in byte order; every field as its length in UTF-8 bytes, a
 * colon and the text, so that no two contents run together. Of a record or value: key, encoded value, expiry. Of a blob: key, digest, content type, metadata by
 * name. Of an event: stream, id, type, data, metadata, tags, time. Versions, positions and the times of rows are left out: they belong to the copy. Where each peer has
 * an order of its own, the events of a stream are taken by time and id.
 */
import type { Facade, OpOptions } from "./api/operations.ts";
import { callsOf, eachEvent, eachRow } from "./contents.ts";
import type { EventRow } from "./contract.ts";
import { facadesOf } from "./facade-names.ts";
import { digestOf } from "./facades/blob-content.ts";
import { parseFacts } from "./facades/blob-facts.ts";
import type { Gate, LiveGate } from "./gate.ts";
import { compareKeys, utf8Length } from "./keys.ts";
import { createSha256 } from "./sha256.ts";

export function createDigest(gate: LiveGate): (o?: OpOptions & { facades?: readonly Facade[] }) => Promise<string> {
  const fieldsOf: Record<Facade, (begin: ReturnType<typeof callsOf>) => AsyncIterable<readonly unknown[]>> = {
    records: (begin) => rowFields(gate, "records", begin),
    kv: (begin) => rowFields(gate, "kv", begin),
    blobs: (begin) => blobFields(gate, begin),
    events: (begin) => eventFields(gate, begin),
  };

  return async (o) => {
    const begin = callsOf("digest", o, ["facades"]);
    begin();
    const hash = createSha256();
    const encoder = new TextEncoder();
    const add = (field: unknown) => {
      const text = field === undefined || field === null ? "" : String(field);
      hash.update(encoder.encode(`${utf8Length(text)}:${text}`));
    };
    for (const facade of facadesOf("digest", o?.facades)) {
      add(facade);
      for await (const fields of fieldsOf[facade](begin)) fields.forEach(add);
    }
    return hash.digest();
  };
}

async function* rowFields(gate: Gate, space: "records" | "kv", begin: ReturnType<typeof callsOf>) {
  for await (const { key, value, expiresAt } of eachRow(gate, space, begin)) yield [key, value, expiresAt];
}

async function* blobFields(gate: LiveGate, begin: ReturnType<typeof callsOf>) {
  for await (const row of eachRow(gate, "blobs", begin)) {
    const { contentType, metadata } = parseFacts(row);
    const names = Object.entries(metadata).sort(([a], [b]) => compareKeys(a, b));
    yield [row.key, await digestOf(gate, row, begin()), contentType, JSON.stringify(names)];
  }
}

async function* eventFields(gate: Gate, begin: ReturnType<typeof callsOf>) {
  const events = gate.capabilities.order === "local" ? byTime(eachEvent(gate, begin)) : eachEvent(gate, begin);
  for await (const { stream, id, type, data, metadata, tags, time } of events) {
    yield [stream, id, type, data, metadata, JSON.stringify(tags), time];
  }
}

/** The same events, those of each stream by time and id. */
async function* byTime(events: AsyncIterable<EventRow>): AsyncIterable<EventRow> {
  let stream: EventRow[] = [];
  const sorted = () => stream.sort((a, b) => a.time - b.time || compareKeys(a.id, b.id));
  for await (const event of events) {
    if (stream[0] !== undefined && stream[0].stream !== event.stream) {
      yield* sorted();
      stream = [];
    }
    stream.push(event);
  }
  yield* sorted();
}
