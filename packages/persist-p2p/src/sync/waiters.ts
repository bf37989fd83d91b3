/** Those who wait until so many peers are equal. */

export interface Waiters {
  wait(peers: number | undefined, signal: AbortSignal | undefined): Promise<void>;
  /** Something may have changed. */
  look(): void;
  /** Nobody will be equal any more. */
  end(why: Error): void;
}

interface Waiter {
  readonly peers: number | undefined;
  settle(why?: unknown): void;
}

export function createWaiters(isSo: (peers: number | undefined) => boolean): Waiters {
  const waiting = new Set<Waiter>();
  let ended: Error | undefined;

  return {
    wait: (peers, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        if (ended !== undefined) throw ended;
        if (isSo(peers)) return resolve();
        const onAbort = (): void => one.settle(signal?.reason);
        const one: Waiter = {
          peers,
          settle(why) {
            waiting.delete(one);
            signal?.removeEventListener("abort", onAbort);
            if (why === undefined) resolve();
            else reject(why);
          },
        };
        waiting.add(one);
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    look() {
      for (const one of [...waiting]) if (isSo(one.peers)) one.settle();
    },
    end(why) {
      ended = why;
      for (const one of [...waiting]) one.settle(why);
    },
  };
}
