/** One wait at a time, which others can cut short. It never keeps the process alive. */
export interface Pause {
  /** Resolves after so many milliseconds, at the end, and, where it is said, when woken. */
  take(ms: number, o?: { readonly wakes: boolean }): Promise<void>;
  wake(): void;
  /** Nobody waits any more, from now on. */
  end(): void;
}

export function createPause(): Pause {
  let current: { readonly wakes: boolean; readonly stop: () => void } | undefined;
  let ended = false;
  return {
    take(ms, { wakes } = { wakes: false }) {
      if (ended) return Promise.resolve();
      return new Promise((resolve) => {
        const stop = () => {
          clearTimeout(timer);
          current = undefined;
          resolve();
        };
        const timer = setTimeout(stop, ms);
        if (typeof timer === "object") (timer as { unref(): void }).unref(); // timers are numbers in browsers
        current = { wakes, stop };
      });
    },
    wake() {
      if (current?.wakes === true) current.stop();
    },
    end() {
      ended = true;
      current?.stop();
    },
  };
}
