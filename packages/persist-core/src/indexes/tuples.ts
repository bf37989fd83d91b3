import { compareBytes } from "../bytes-order.ts";
import type { IndexEntry } from "../contract.ts";

/** Whether they stand at the same place of the same index. */
export function hasTuple(entry: IndexEntry, other: IndexEntry): boolean {
  return entry.index === other.index && compareBytes(entry.tuple, other.tuple) === 0;
}
