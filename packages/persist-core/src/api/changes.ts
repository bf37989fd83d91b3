import type { Facade, OpOptions } from "./operations.ts";

/**
 * What follows something, for one reader: `for await` hands out one thing after the other, and waits when there is nothing new. It pulls: who does not read holds a cursor and one page,
 * and nothing runs on its behalf. It does not keep the process alive.
 *
 * It ends quietly by `break`, `close`, or the closing of its store; its signal ends it with `ABORTED`. Where the backend cannot be reached for a while it waits and goes on; any other error ends it
 * and is thrown. `timeout` limits each read and not the whole.
 *
 * What follows keys is `UNSUPPORTED` where `capabilities.watch` is `"absent"`; what follows events never is.
 */
export interface Watcher<T> extends AsyncIterable<T>, AsyncDisposable {
  /** Resolves when it is settled where it begins: whatever is committed after that is handed out. Rejects where it cannot begin. */
  readonly ready: Promise<void>;
  /** Ends it, and whoever waits for what comes next. Closing again does nothing. */
  close(): Promise<void>;
}

export interface WatchOptions extends OpOptions {
  /** Goes on right after the change that had this cursor, also after a restart. Default: begins now. Seven days later it may be `CURSOR_EXPIRED`: begin anew, with `initial`. */
  since?: string;
  /** First all entries that are there, each as a `put`, in key order. What changes meanwhile may come twice, with the same version. */
  initial?: boolean;
  /** Default `true`. With `false`, a `put` comes without its value. */
  values?: boolean;
}

export interface ChangesOptions extends OpOptions {
  /** Goes on right after the change that had this cursor. Default: begins now; with `live: false`, at the beginning. */
  since?: string;
  /** Default: all. */
  facades?: readonly Facade[];
  /** With `false` it ends once it has caught up, and throws what a listing would throw. Default `true`. */
  live?: boolean;
}

/**
 * The present state of what changed: a key that changed several times in a row may come once. `cursor` goes on right after this change. `version` is that of the entry; of a stream, that of
 * its last event.
 */
export type Change<T = unknown> =
  | {
      type: "put";
      facade: Facade;
      key: string;
      /** The value in `kv`, the `RecordEntry` in `records`, the `BlobInfo` in `blobs`. */
      value?: T;
      version: string;
      cursor: string;
      time: Date;
    }
  | { type: "delete"; facade: Facade; key: string; reason: "delete" | "expired"; cursor: string; time: Date }
  | {
      type: "append" | "truncate";
      facade: "events";
      stream: string;
      version: number;
      position: number;
      cursor: string;
      time: Date;
    };
