/** Waiting for something to change: woken by the backend, or by the store's clock, which is looked at once a second. It never keeps the process alive. */
export interface Pulse {
  /** Resolves when something may have changed, after a second at the latest, and no later than the clock says. Who is not waiting when it is woken does not wait next time. */
  next(due: number): Promise<void>;
  beat(): void;
  end(): void;
}

const longest = 1000;

export function createPulse(now: () => number, wake: (onWake: () => void) => () => void): Pulse {
  const waiting = new Set<() => void>();
  let missed = false;

  const beat = () => {
    if (waiting.size === 0) missed = true;
    for (const stop of [...waiting]) stop();
  };
  const unlisten = wake(beat);

  return {
    next(due) {
      if (missed) {
        missed = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const stop = () => {
          clearTimeout(timer);
          waiting.delete(stop);
          resolve();
        };
        const timer = setTimeout(stop, Math.min(longest, Math.max(1, due - now())));
        if (typeof timer === "object") (timer as { unref(): void }).unref();
        waiting.add(stop);
      });
    },
    beat,
    end() {
      unlisten();
      beat();
    },
  };
}
