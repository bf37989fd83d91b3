/** Whether the store is open, and what is still in flight. */
import { PersistError } from "./errors.ts";

export interface Lifecycle {
  /** Throws CLOSED once closing has begun. */
  ensureOpen(): void;
  /** Something is in flight from here on, until `leave`. */
  enter(): void;
  leave(): void;
  /** Calls back when closing begins. Returns what ends that. */
  onClosing(end: () => void): () => void;
  /** Nothing is waited for any more: the backend may have been closed. */
  readonly hasEnded: boolean;
  /** Counts the work as in flight until it settles, and returns it. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Refuses new work, waits at most `timeout` milliseconds for what is in flight, then runs `end`. Once: later calls wait for the first. */
  close(timeout: number, end: () => Promise<void>): Promise<void>;
}

export function createLifecycle(store: string): Lifecycle {
  let inFlight = 0;
  let closing: Promise<void> | undefined;
  let onIdle: (() => void) | undefined;
  let hasEnded = false;
  const endings = new Set<() => void>();

  const idle = (timeout: number) =>
    new Promise<void>((resolve) => {
      if (inFlight === 0) return resolve();
      const timer = setTimeout(resolve, timeout);
      onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const enter = () => {
    inFlight++;
  };

  const leave = () => {
    inFlight--;
    if (inFlight === 0) onIdle?.();
  };

  return {
    ensureOpen() {
      if (closing !== undefined) {
        throw new PersistError("CLOSED", `The store "${store}" is closed. Open it again with createStore.`);
      }
    },
    enter,
    leave,
    onClosing(end) {
      endings.add(end);
      return () => endings.delete(end);
    },
    get hasEnded() {
      return hasEnded;
    },
    track(work) {
      enter();
      work.then(leave, leave);
      return work;
    },
    close(timeout, end) {
      if (closing !== undefined) return closing;
      closing = idle(timeout).then(() => {
        hasEnded = true;
        return end();
      });
      for (const ending of [...endings]) ending();
      return closing;
    },
  };
}
