/** What the engine of one scope is made of. */
import type { BlobSpace } from "./blob-space.ts";
import type { Bucket } from "./bucket.ts";
import type { EventIds } from "./event-ids.ts";
import type { Besides } from "./index-entries.ts";
import type { KnownRows } from "./known-rows.ts";
import type { Layout } from "./layout.ts";
import type { Log } from "./log.ts";
import type { OldTombstones } from "./old-tombstones.ts";
import type { RowObjects } from "./row-objects.ts";
import type { Settling } from "./settling.ts";
import type { SlotObjects } from "./slot-objects.ts";
import type { Streaks } from "./streaks.ts";
import type { Streams } from "./streams.ts";

export interface Parts {
  readonly bucket: Bucket;
  readonly layout: Layout;
  readonly known: KnownRows;
  readonly streaks: Streaks;
  readonly tombstones: OldTombstones;
  readonly rows: RowObjects;
  readonly besides: Besides;
  readonly log: Log;
  readonly slots: SlotObjects;
  readonly streams: Streams;
  readonly ids: EventIds;
  readonly settling: Settling;
  readonly blobs: BlobSpace;
  /** Whether every write is told in the log. */
  readonly feed: boolean;
}
