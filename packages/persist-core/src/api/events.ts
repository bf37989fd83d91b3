import type { Listing, RangeOptions } from "./listings.ts";
import type { OpOptions } from "./operations.ts";

/** Data by event type. */
export type EventMap = Record<string, unknown>;

export type NewEvent<M = EventMap> = {
  [K in keyof M & string]: {
    /** At most 128 bytes, as ids and tags. */
    type: K;
    data: M[K];
    /** Unique in the stream; default a new UUIDv7. Appending the same ids again returns the first result. */
    id?: string;
    metadata?: Record<string, unknown>;
    tags?: readonly string[];
  };
}[keyof M & string];

export interface EventMeta {
  readonly id: string;
  readonly stream: string;
  /** Place in the stream: 1, 2, 3 … without holes. */
  readonly version: number;
  /** Place in the store: 1, 2, 3 … without holes, in commit order. Who has seen `p` never later meets a new event at or below `p`. */
  readonly position: number;
  /** Never earlier than that of a lower position. */
  readonly time: Date;
  readonly metadata: Record<string, unknown>;
  readonly tags: readonly string[];
}

export type StoredEvent<M = EventMap> = {
  [K in keyof M & string]: EventMeta & { readonly type: K; readonly data: M[K] };
}[keyof M & string];

/** All that is given must hold. */
export interface EventFilter {
  /** The event has one of these types. */
  types?: readonly string[];
  /** It has all of these tags. */
  tags?: readonly string[];
  /** Its stream's name starts with exactly this. */
  streamPrefix?: string;
}

export interface AppendOptions extends OpOptions {
  /** The stream's version must be this, it must have no events, or it must have some; else `CONFLICT`. Default `"any"`. */
  expectedVersion?: number | "any" | "noStream" | "streamExists";
}

export interface AppendResult {
  /** Of the last event. */
  version: number;
  /** Of the last event. */
  position: number;
  ids: string[];
  /** These ids were there already: this is the first append's result, and nothing was written. */
  duplicate: boolean;
}

export interface ReadOptions extends OpOptions {
  /** The least number, inclusive: a version in `read`, a position in `readAll`. */
  from?: number;
  /** The greatest, inclusive. */
  to?: number;
  /** Numbers greater than this. */
  after?: number;
  /** Events at or after this time. */
  since?: Date;
  /** Default `"forward"`. */
  direction?: "forward" | "backward";
  limit?: number;
  filter?: EventFilter;
  /** Goes on where a page of the same query ended. */
  cursor?: string | undefined;
}

/** Append-only streams, in one common order. */
export interface Events {
  /** Atomic and contiguous: all of the events side by side, or none. At most 1 000. */
  append<M = EventMap>(
    stream: string,
    events: NewEvent<NoInfer<M>> | readonly NewEvent<NoInfer<M>>[],
    o?: AppendOptions,
  ): Promise<AppendResult>;
  /** One stream, by version. A stream that does not exist is empty. */
  read<M = EventMap>(stream: string, o?: ReadOptions): Listing<StoredEvent<M>>;
  /** All streams, by position. */
  readAll<M = EventMap>(o?: ReadOptions): Listing<StoredEvent<M>>;
  /** The stream's last version; without a stream, the store's last position. 0 when empty. */
  head(stream?: string, o?: OpOptions): Promise<number>;
  /** By name. */
  streams(o?: RangeOptions): Listing<{ stream: string; version: number }>;
}
