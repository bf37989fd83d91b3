import type { Listing, RangeOptions } from "./api/listings.ts";
import { beginAgain, beginCall } from "./calls.ts";
import type { Row, Space } from "./contract.ts";
import type { Gate } from "./gate.ts";
import { checkKey } from "./keys.ts";
import { createListing } from "./listing.ts";
import { parseRange, rangeNames } from "./ranges.ts";

/** The rows of a space in key order, each turned into what the facade shows. */
export function listRows<T>(
  gate: Gate,
  space: Space,
  operation: string,
  o: RangeOptions | undefined,
  view: { keysOnly: boolean; sizesOnly?: boolean; show(row: Row): T },
): Listing<T> {
  const call = beginCall(operation, undefined, o, rangeNames);
  const { page, ...range } = parseRange(operation, o);
  return createListing({
    operation,
    ...range,
    checkPlace: (after) => checkKey(after, "cursor"),
    reader: () => async (after, count) => {
      // Each page has the whole timeout: a listing may be read slowly.
      const { sizesOnly } = view;
      const range = page(after, count, view.keysOnly);
      const { rows, more } = await gate.scan(space, sizesOnly ? { ...range, sizesOnly } : range, beginAgain(call));
      return { items: rows.map(view.show), after: more ? rows.at(-1)?.key : undefined };
    },
  });
}
