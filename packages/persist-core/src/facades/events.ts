import { v7 as uuidv7 } from "uuid";
import type {
  AppendOptions,
  AppendResult,
  EventMap,
  Events,
  NewEvent,
  ReadOptions,
  StoredEvent,
} from "../api/events.ts";
import type { Listing, RangeOptions } from "../api/listings.ts";
import { beginCall } from "../calls.ts";
import { decode, encode } from "../codec.ts";
import type { Appended, AppendOp, EventRow, NewEventRow, StreamHead } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { listEvents } from "../event-listing.ts";
import type { Gate } from "../gate.ts";
import { checkKey, maxNameBytes } from "../keys.ts";
import { commitLimits } from "../limits.ts";
import { readOne } from "../reading.ts";
import { listRows } from "../row-listing.ts";

export function createEvents(gate: Gate): Events {
  return {
    async append<M>(
      stream: string,
      events: NewEvent<NoInfer<M>> | readonly NewEvent<NoInfer<M>>[],
      o?: AppendOptions,
    ): Promise<AppendResult> {
      checkKey(stream, "stream");
      const call = beginCall("events.append", stream, o, ["expectedVersion"]);
      const op: AppendOp = {
        op: "append",
        stream,
        events: parseEvents((Array.isArray(events) ? events : [events]) as readonly NewEvent[]),
        expected: parseExpected(o),
      };
      const { answers } = await gate.commit([op], call);
      return { ...(answers[0]?.appended as Appended), ids: op.events.map(({ id }) => id) };
    },

    read<M = EventMap>(stream: string, o?: ReadOptions): Listing<StoredEvent<M>> {
      checkKey(stream, "stream");
      return listEvents(gate, "events.read", stream, o, toEvent<M>);
    },

    readAll<M = EventMap>(o?: ReadOptions): Listing<StoredEvent<M>> {
      return listEvents(gate, "events.readAll", undefined, o, toEvent<M>);
    },

    async head(stream, o) {
      if (stream !== undefined) checkKey(stream, "stream");
      const row = await readOne(gate, "streams", stream ?? "", beginCall("events.head", stream, o));
      if (row === undefined) return 0;
      const head = JSON.parse(row.value) as StreamHead;
      return stream === undefined ? head.position : head.version;
    },

    streams: (o?: RangeOptions) =>
      listRows(gate, "streams", "events.streams", o, {
        keysOnly: false,
        show: ({ key, value }) => ({ stream: key, version: (JSON.parse(value) as StreamHead).version }),
      }),
  };
}

function parseExpected(o: AppendOptions | undefined): AppendOp["expected"] {
  const expected = o?.expectedVersion;
  if (o !== undefined && "expectedVersion" in o && expected === undefined) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      'events.append: expectedVersion is given but is undefined. Leave it out, or say "any", to append unconditionally.',
    );
  }
  if (expected === undefined || expected === "any") return undefined;
  if (expected === "noStream") return 0;
  if (expected === "streamExists") return "exists";
  if (Number.isSafeInteger(expected) && expected >= 0) return expected;
  throw new PersistError(
    "INVALID_ARGUMENT",
    'events.append: expectedVersion must be a whole number of at least 0, "any", "noStream" or "streamExists".',
  );
}

function parseEvents(events: readonly NewEvent[]): NewEventRow[] {
  if (events.length === 0)
    throw new PersistError("INVALID_ARGUMENT", "events.append: there must be at least one event.");
  if (events.length > commitLimits.commitOps) {
    throw new PersistError(
      "TOO_LARGE",
      `events.append takes at most ${commitLimits.commitOps} events; these are ${events.length}.`,
    );
  }
  const rows = events.map(parseEvent);
  if (new Set(rows.map(({ id }) => id)).size < rows.length) {
    throw new PersistError("INVALID_ARGUMENT", "events.append: two of the events have the same id.");
  }
  return rows;
}

function parseEvent(event: NewEvent): NewEventRow {
  if (typeof event !== "object" || event === null) {
    throw new PersistError("INVALID_ARGUMENT", "events.append: an event is an object with type and data.");
  }
  const { type, data, id = uuidv7(), metadata, tags = [] } = event;
  checkKey(type, "event type", maxNameBytes);
  checkKey(id, "event id", maxNameBytes);
  if (!Array.isArray(tags))
    throw new PersistError("INVALID_ARGUMENT", "events.append: tags must be an array of strings.");
  for (const tag of tags) checkKey(tag, "tag", maxNameBytes);
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))) {
    throw new PersistError("INVALID_ARGUMENT", "events.append: metadata must be an object.");
  }
  const row = { id, type, tags: [...new Set(tags as readonly string[])], data: encode(data) };
  return metadata === undefined ? row : { ...row, metadata: encode(metadata) };
}

function toEvent<M>(row: EventRow): StoredEvent<M> {
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
