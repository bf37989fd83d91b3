import type { Blobs } from "./blobs.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Change, ChangesOptions, Watcher } from "./changes.ts";
import type { AppendOptions, EventMap, Events, NewEvent } from "./events.ts";
import type { Kv, KvOps } from "./kv.ts";
import type { Duration, Facade, OpOptions } from "./operations.ts";
import type { RecordOps, Records } from "./records.ts";

/**
 * The facades inside a transaction: they see its own writes, and nobody else does before it commits. A call that finds its condition not met throws at once, as
 * outside.
 */
export interface Transaction {
  readonly records: RecordOps;
  readonly kv: KvOps;
  /** Bytes are stored as they come, and become visible with the commit. */
  readonly blobs: Pick<Blobs, "put" | "get" | "head" | "has" | "delete">;
  readonly events: Pick<Events, "read" | "head"> & {
    /** Positions are given out at the commit. */
    append<M = EventMap>(
      stream: string,
      events: NewEvent<NoInfer<M>> | readonly NewEvent<NoInfer<M>>[],
      o?: AppendOptions,
    ): Promise<{ version: number; ids: string[] }>;
  };
  /** A collection or bucket of this store, inside of the transaction. */
  use<T, I>(collection: Records<T, I>): RecordOps<T, I>;
  use<T>(bucket: Kv<T>): KvOps<T>;
}

/** One store over one backend. */
export interface Store extends AsyncDisposable {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly records: Records;
  readonly kv: Kv;
  readonly blobs: Blobs;
  readonly events: Events;
  /**
   * Everything the callback does commits together, or nothing does. It holds no lock while it runs: it may await, and it runs again (at most `retries` times, default
   * 50) where something it read has changed meanwhile; after that, `CONFLICT`. So it should do nothing outside of the transaction that it must not do
   * twice. Throwing gives everything up.
   */
  transaction<T>(fn: (tx: Transaction) => Promise<T>, o?: OpOptions & { retries?: number }): Promise<T>;
  /**
   * What changes in all facades, in commit order: the present state of each key that changed, each deletion, and the new end of each stream that was appended to. Begins now, or
   * right after `since`.
   */
  changes(o?: ChangesOptions): Watcher<Change>;
  /**
   * A store of its own in the same place: nothing crosses from one to the other. `name` is 1 to 64 of `A-Z a-z 0-9 . _ -`; a namespace has namespaces too. It is opened at
   * its first use, and the same for each call until it is closed. Closing it leaves this store open; closing this store closes it.
   */
  namespace(name: string): Store;
  /**
   * A SHA-256 of all that a user can see, in hex: stores with equal contents have equal digests, on every backend. Versions, positions and the times of entries do
   * not count. Reads everything.
   */
  digest(o?: OpOptions & { facades?: readonly Facade[] }): Promise<string>;
  /** Whether the backend answers within five seconds, and how fast. `detail` says what is wrong: an error, or an index that could not be built. Never throws. */
  health(): Promise<{ ok: boolean; latencyMs: number; detail?: string }>;
  /** What is there: live entries, and the bytes of their values as they are encoded, of blobs and of events' data and metadata. Reads everything. */
  stats(): Promise<Record<Facade, { count: number; bytes: number }>>;
  /** The driver, for what Persist does not cover; its type is the adapter's business. */
  raw<T = unknown>(): T;
  /**
   * Waits for what is in flight, at most `timeout` (default 10 s), and ends the store. Later calls throw `CLOSED`. Closing again does nothing.
   */
  close(o?: { timeout?: Duration }): Promise<void>;
}
