/** How much there is of what. */
import type { Facade } from "./api/operations.ts";
import { callsOf, eachEvent, eachRow } from "./contents.ts";
import { parseFacts } from "./facades/blob-facts.ts";
import type { Gate } from "./gate.ts";
import { utf8Length } from "./keys.ts";

export interface Amount {
  count: number;
  bytes: number;
}

export function createStats(gate: Gate): () => Promise<Record<Facade, Amount>> {
  const begin = callsOf("stats", undefined, []);
  return async () => ({
    records: await sum(eachRow(gate, "records", begin), ({ value }) => utf8Length(value)),
    kv: await sum(eachRow(gate, "kv", begin), ({ value }) => utf8Length(value)),
    blobs: await sum(eachRow(gate, "blobs", begin, { sizesOnly: true }), (row) => parseFacts(row).size),
    events: await sum(eachEvent(gate, begin), ({ data, metadata = "" }) => utf8Length(data) + utf8Length(metadata)),
  });
}

async function sum<T>(items: AsyncIterable<T>, bytesOf: (item: T) => number): Promise<Amount> {
  const amount = { count: 0, bytes: 0 };
  for await (const item of items) {
    amount.count++;
    amount.bytes += bytesOf(item);
  }
  return amount;
}
