/** All that a user can see in a store, in byte order: what `digest` and `stats` go over. */
import type { OpOptions } from "./api/operations.ts";
import { beginCall, type Call } from "./calls.ts";
import type { EventRow, KeyRange, Row, Space, StreamHead } from "./contract.ts";
import type { Gate } from "./gate.ts";

const pageSize = 500;

/** All live rows of a space, by key. A page at a time: what changes meanwhile may be told as before or as after. */
export async function* eachRow(
  gate: Gate,
  space: Space,
  begin: () => Call,
  what?: Pick<KeyRange, "sizesOnly">,
): AsyncIterable<Row> {
  let after: string | undefined;
  for (let more = true; more; ) {
    const lower = after === undefined ? undefined : { key: after, inclusive: false };
    const page = await gate.scan(
      space,
      { by: "key", lower, reverse: false, limit: pageSize, keysOnly: false, ...what },
      begin(),
    );
    yield* page.rows;
    after = page.rows.at(-1)?.key;
    more = page.more && after !== undefined;
  }
}

/** All live events of all streams: the streams in byte order, each from its beginning. */
export async function* eachEvent(gate: Gate, begin: () => Call): AsyncIterable<EventRow> {
  for await (const { key: stream, value } of eachRow(gate, "streams", begin)) {
    const last = (JSON.parse(value) as StreamHead).version;
    for (let from = 1, more = true; more && from <= last; ) {
      const page = await gate.events({ stream, from, to: last, reverse: false, limit: pageSize }, begin());
      yield* page.events;
      from = (page.events.at(-1)?.version ?? last) + 1;
      more = page.more;
    }
  }
}

/** A call for each page, so that each has the whole timeout. */
export const callsOf = (operation: string, o: OpOptions | undefined, names: readonly string[]) => (): Call =>
  beginCall(operation, undefined, o, names);
