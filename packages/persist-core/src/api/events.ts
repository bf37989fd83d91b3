import type { Watcher } from "./changes.ts";
import type { ConsumeOptions, Consumer, ConsumerHandler } from "./consumers.ts";
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
  /**
   * `CONFLICT` when an event that matches stands at a position greater than `after` (default 0: anywhere in the store); judged atomically with the append. It looks at all
   * events after `after`, so give the position that you have read to.
   */
  failIf?: { match: EventFilter; after?: number };
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

export interface SubscribeOptions extends OpOptions {
  /** Only this stream; then numbers are versions. Else all streams, and numbers are positions. */
  stream?: string;
  /** Events after this number; `"start"`: all of them; `"end"` (the default): those that are appended from now on. */
  after?: number | "start" | "end";
  filter?: EventFilter;
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
  /** The stream's last version, also where its events were erased; without a stream, the store's last position. 0 when there never were any. */
  head(stream?: string, o?: OpOptions): Promise<number>;
  /** Those that have events, by name. */
  streams(o?: RangeOptions): Listing<{ stream: string; version: number }>;
  /**
   * Hands every event to the handler, at least once, one after another in the order of their positions, and keeps how far it is under the name: in whatever process a
   * consumer of this name runs next, it goes on there. Of several at once one works and the others wait. Begins at once; see {@link Consumer} for how it ends.
   */
  consume(name: string, handler: ConsumerHandler, o?: ConsumeOptions): Consumer;
  /**
   * Goes through the stream from its beginning and gives the last state and the version that it belongs to, which an append may expect. Reads page by page; `step` is
   * called at once, event by event.
   */
  fold<S, M = EventMap>(
    stream: string,
    initial: S,
    step: (state: S, event: StoredEvent<M>) => S,
    o?: OpOptions,
  ): Promise<{ state: S; version: number }>;
  /**
   * Erases data, type, tags and metadata of the events with versions below `before`. Nobody reads them again; their ids, versions and positions stay taken. The oldest go
   * first, at most 1 000 in one commit, each with the whole `timeout`: what breaks off leaves an erased beginning, and the same call goes on there.
   */
  truncate(stream: string, before: number, o?: OpOptions): Promise<void>;
  /**
   * Erases all events that the stream has, as `truncate` does; `false` when it had none. Then it is as if there were no stream, but its versions go on. What
   * `expectedVersion` says is judged before anything is erased (`CONFLICT`), and what is appended after that stays.
   */
  deleteStream(stream: string, o?: OpOptions & Pick<AppendOptions, "expectedVersion">): Promise<boolean>;
  /**
   * The events that are there after `after`, and then those that are appended, in order: each once, without a gap between the two. To go on after a restart, keep the
   * `position` of the last one (with `stream`: its `version`) and pass it as `after`.
   */
  subscribe<M = EventMap>(o?: SubscribeOptions): Watcher<StoredEvent<M>>;
}
