/** Time and turns as the sync engine sees them: injected, so that a simulation can give it a time of its own. */

export interface Scheduler {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Runs it after the event loop had a turn. */
  soon(run: () => void): void;
  /** Runs it after so many milliseconds. Returns what cancels it. */
  after(milliseconds: number, run: () => void): () => void;
}

/** Its timers do not keep a process alive: whoever has links open is kept alive by those. */
export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  soon: (run) => {
    setImmediate(run);
  },
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
