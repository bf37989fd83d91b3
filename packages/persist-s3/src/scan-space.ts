/** One page of a space, whichever way it is stored. */
import type { ScanPage, ScanRange, Space } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import { isRowSpace } from "./layout.ts";
import type { Parts } from "./parts.ts";
import { scanIndex } from "./scan-index.ts";
import { type ReadRow, scanRows, scanStreams } from "./scan-rows.ts";

/** `read`: how rows are read; by default so that what commits hold is waited for. */
export function scan(
  parts: Parts,
  space: Space,
  range: ScanRange,
  read: ReadRow = (place) => parts.rows.read(place, o),
  o: Patience & { readonly now: number },
): Promise<ScanPage> {
  if (range.by === "index") return scanIndex(parts, range, read, o);
  if (isRowSpace(space)) return scanRows(parts, space, range, read, o);
  return space === "streams" ? scanStreams(parts, range, o) : parts.blobs.scan(range, o);
}
