/**
 * The one way from the facades to the engine. A facade is written against a gate and does not know whether it leads to the engine itself or into a transaction.
 */

import type { Capabilities } from "./api/capabilities.ts";
import type { Call } from "./calls.ts";
import type {
  Answer,
  BlobTarget,
  ByteRange,
  EventPage,
  EventRange,
  Extended,
  Fetched,
  MaybePromise,
  Op,
  Row,
  ScanPage,
  ScanRange,
  SignedRequest,
  SignedUrl,
  Space,
  Staged,
  WantedRange,
} from "./contract.ts";
import type { Feed } from "./feed/feed.ts";

export interface Applied {
  /** When: milliseconds since the epoch. */
  readonly time: number;
  /** One for each operation. */
  readonly answers: readonly Answer[];
}

export interface Gate {
  readonly capabilities: Capabilities;
  /** Throws where nothing may be asked any more. */
  ensureOpen(): void;
  /** Counts an operation of several steps as in flight until it settles: closing waits for it, and lets it go on. */
  track<T>(work: Promise<T>): Promise<T>;
  /** The time by which rows expire. */
  now(): number;
  /** A version for the next write. */
  version(): string;
  read(space: Space, keys: readonly string[], call: Call): MaybePromise<readonly (Row | undefined)[]>;
  /** The value alone of one row in `kv`. */
  value(key: string, call: Call): MaybePromise<string | undefined>;
  scan(space: Space, range: ScanRange, call: Call): MaybePromise<ScanPage>;
  /** What of a record lost against a concurrent write. Outside of transactions only. */
  readonly conflicts?: ((key: string, call: Call) => MaybePromise<readonly Row[]>) | undefined;
  events(range: EventRange, call: Call): MaybePromise<EventPage>;
  /** All of the operations, or CONFLICT. */
  commit(ops: readonly Op[], call: Call): Promise<Applied>;
  stage(body: AsyncIterable<Uint8Array>, target: BlobTarget | undefined, call: Call): Promise<Staged>;
  open(row: Row, range: ByteRange, call: Call): AsyncIterable<Uint8Array<ArrayBuffer>>;
  discard(token: string): MaybePromise<void>;
  /** The row and its bytes with one request, where the engine has it so. Outside of transactions only. */
  readonly fetch?:
    | ((key: string, range: WantedRange | undefined, call: Call) => Promise<FetchedBlob | undefined>)
    | undefined;
  /** Outside of transactions only. */
  readonly feed?: Feed | undefined;
}

export interface FetchedBlob extends Pick<Fetched, "row" | "discard"> {
  open(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** The store's own gate: what goes on over several calls, and can be no part of a transaction. */
export interface LiveGate extends Gate {
  readonly feed: Feed;
  /** The length of the parts that `extend` takes. */
  readonly partBytes: number;
  /** See `Bytes` of the contract. */
  extend(token: string | undefined, offset: number, part: Uint8Array, call: Call): MaybePromise<Extended>;
  extended(token: string, call: Call): MaybePromise<Extended | undefined>;
  /** A token for the bytes of the row where the engine copies by itself, to be put in another one: its own `content`, or a new one. */
  readonly copy: ((row: Row, call: Call) => MaybePromise<string>) | undefined;
  readonly sign: ((key: string, what: SignedRequest, call: Call) => MaybePromise<SignedUrl>) | undefined;
  /** As `open`, for an operation that is in flight until the last chunk: closing waits for it, and lets it go on. */
  transfer(row: Row, range: ByteRange, call: Call): AsyncIterable<Uint8Array<ArrayBuffer>>;
}
