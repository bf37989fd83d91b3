import type { StoredEvent } from "./api/events.ts";
import { decode } from "./codec.ts";
import type { EventRow } from "./contract.ts";

/** The event as users see it. */
export function toEvent<M>(row: EventRow): StoredEvent<M> {
  const { id, type, stream, version, position, tags } = row;
  const metadata = row.metadata === undefined ? {} : decode(row.metadata);
  return {
    id,
    type,
    data: decode(row.data),
    stream,
    version,
    position,
    time: new Date(row.time),
    metadata,
    tags: [...tags],
  } as unknown as StoredEvent<M>; // what the caller says was appended under this type
}
