import type { EventFilter, StoredEvent } from "./events.ts";
import type { OpOptions } from "./operations.ts";
import type { Transaction } from "./store.ts";

/** `attempt` is 1 at first. `tx` is there with `exactlyOnce`. */
export type ConsumerHandler = (event: StoredEvent, context: { tx?: Transaction; attempt: number }) => Promise<void>;

/** `signal` stops the consumer; `timeout` is for each of its own reads and writes, not for the handler. */
export interface ConsumeOptions extends OpOptions {
  /** Other events are passed over. */
  filter?: EventFilter;
  /** Where a name begins that was never used before: with the first event (the default), or with what is appended from the moment on when it has found the end. */
  from?: "start" | "end";
  /** Events between two checkpoints; default 100. So many, at most, are handled again after a crash. With `exactlyOnce` each event has its own. */
  batchSize?: number;
  /** Attempts at one event before it goes to `deadLetter`, or the consumer stops; default 5. */
  maxAttempts?: number;
  /** The stream for events that could not be handled: a copy, with the reason in `metadata.deadLetter`. This consumer passes its own over. */
  deadLetter?: string;
  /** The handler gets `tx`, and what it writes there commits together with the checkpoint: the effect happens once. */
  exactlyOnce?: boolean;
}

/**
 * Hands events to its handler, one after another in the order of their positions. One consumer of a name works at a time, in all processes: it has a lease of 30 seconds, which
 * it renews, and the others wait to take over. It does not keep the process alive.
 *
 * Where it cannot go on (no `deadLetter`, or an error of the backend that will not pass), it stops, gives its lease back, emits a warning of the process, and `stop`
 * throws the error: what the handler threw last.
 */
export interface Consumer extends AsyncDisposable {
  /** Everything up to here is handled or passed over. While another process works: as last heard. */
  readonly position: number;
  /** How many positions it was behind the end of the log when it last looked. */
  readonly lag: number;
  /** Begins no other event until `resume`. It keeps its lease, so that nobody else goes on either. */
  pause(): void;
  resume(): void;
  /** Goes on after this position, wherever the consumer of this name runs: 0 is from the start. What is being handled at the moment does not count. */
  reset(to: number): Promise<void>;
  /** Waits for the handler, keeps what it has done, and lets another take over. Throws, once, what the consumer stopped of by itself. */
  stop(): Promise<void>;
}
