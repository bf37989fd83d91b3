/** The place of an entry as text, for cursors: its key, or, in a query with an order, its key and the values that it is ordered by. */
import { decode, encode } from "../codec.ts";
import { PersistError } from "../errors.ts";
import { checkKey } from "../keys.ts";
import { kindOf, kinds } from "./kinds.ts";
import type { Order, Place } from "./order.ts";

/** Several values of the greatest size, and then some. */
const maxBytes = 32 * 1024 * 1024;

export function placeToText({ key, values }: Place): string {
  if (values.length === 0) return key;
  return encode([key, ...values.map(toItem)], maxBytes);
}

/** Throws INVALID_ARGUMENT or INVALID_KEY where the text is none of this order: a cursor comes from outside. */
export function textToPlace(text: string, { paths }: Order): Place {
  if (paths.length === 0) {
    checkKey(text, "cursor");
    return { key: text, values: [] };
  }
  const [key, ...items] = parse(text);
  if (items.length !== paths.length || !items.every((item) => Array.isArray(item) && item.length <= 1)) {
    throw new PersistError("INVALID_ARGUMENT", "The cursor is malformed. Pass one that a page returned, unchanged.");
  }
  checkKey(key, "cursor");
  return { key, values: (items as unknown[][]).map((item) => item[0]) };
}

/** In a list, which is empty where the value is missing. What is equal to all of its kind is not told. */
function toItem(value: unknown): unknown[] {
  if (value === undefined) return [];
  return [kindOf(value) === kinds.other ? [] : value];
}

function parse(text: string): unknown[] {
  try {
    const items = decode(text);
    return Array.isArray(items) ? items : [];
  } catch {
    return [];
  }
}
