/** Telling listeners that something may have changed: after each commit of this connection, and, by polling, after those of others. */

export interface Wake {
  listen(onWake: () => void): () => void;
  /** Calls all listeners back once this turn of the event loop is over, however often it is called in it. */
  notify(): void;
  close(): void;
}

/** In milliseconds: how late others' changes are told. One poll takes about three microseconds, and there is none while nobody listens. */
const pollInterval = 25;

/** `dataVersion` is SQLite's: it changes when another connection, here or in another process, has written. */
export function createWake(dataVersion: () => number): Wake {
  const listeners = new Set<() => void>();
  let pending = false;
  let timer: NodeJS.Timeout | undefined;
  let seen: number | undefined;

  function notify(): void {
    if (pending || listeners.size === 0) return;
    pending = true;
    setImmediate(() => {
      pending = false;
      for (const listener of [...listeners]) listener();
    });
  }

  function poll(): void {
    let now: number;
    try {
      now = dataVersion();
    } catch {
      return; // busy, or worse: whoever reads next will be told
    }
    if (now !== seen) notify();
    seen = now;
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    listen(onWake) {
      const listener = () => onWake(); // of its own, so that one function may listen twice
      listeners.add(listener);
      if (timer === undefined) {
        seen = undefined; // so that the first poll wakes: who knows what happened while nobody listened
        timer = setInterval(poll, pollInterval).unref();
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) stop();
      };
    },

    notify,

    close() {
      listeners.clear();
      stop();
    },
  };
}
