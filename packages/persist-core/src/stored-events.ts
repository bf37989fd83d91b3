/** For engines that keep an event as a row of a table: the row, and what it is to the contract. */
import type { EventRow } from "./contract.ts";

export interface StoredEventRow {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
  readonly id: string;
  /** `null` where it was erased. */
  readonly type: string | null;
  readonly time: number;
  /** A JSON array; `null` where there are none. */
  readonly tags: string | null;
  readonly data: string | null;
  readonly metadata: string | null;
}

const noTags: readonly string[] = [];

export function toEventRow(stored: StoredEventRow): EventRow {
  return {
    stream: stored.stream,
    version: stored.version,
    position: stored.position,
    id: stored.id,
    type: stored.type ?? "",
    time: stored.time,
    tags: stored.tags === null ? noTags : (JSON.parse(stored.tags) as string[]),
    data: stored.data ?? "",
    metadata: stored.metadata ?? undefined,
    ...(stored.type === null ? { erased: true } : {}),
  };
}
