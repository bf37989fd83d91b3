import type { Call } from "./calls.ts";
import type { Space } from "./contract.ts";
import { decodeCursor } from "./cursors.ts";
import type { Gate } from "./gate.ts";
import { checkKey } from "./keys.ts";
import type { ParsedRange } from "./ranges.ts";

/** Counts the entries of the range without reading a value. `listing` is the operation whose cursors may be passed. */
export async function countRows(
  gate: Gate,
  space: Space,
  { limit = Number.POSITIVE_INFINITY, cursor, query, page }: ParsedRange,
  listing: string,
  call: Call,
): Promise<number> {
  let after = cursor === undefined ? undefined : decodeCursor([listing, ...query().slice(1)], cursor);
  if (after !== undefined) checkKey(after, "cursor");
  const count = async () => {
    let found = 0;
    for (let more = true; more && found < limit; ) {
      const { rows, more: goesOn } = await gate.scan(space, page(after, Math.min(1000, limit - found), true), call);
      found += rows.length;
      after = rows.at(-1)?.key;
      more = goesOn && after !== undefined;
    }
    return found;
  };
  return gate.track(count());
}
