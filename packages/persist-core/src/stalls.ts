/**
 * Time limits for moving bytes. How long a blob takes depends on its size, so what is limited is the time without any progress.
 */
import { aborted, type Call, timedOut } from "./calls.ts";
import type { PersistError } from "./errors.ts";

export interface StallWatch {
  /** Aborted when the call is, and when it stalls. */
  readonly signal: AbortSignal;
  /** The result of the work, unless the call fails first. One at a time. */
  orFail<T>(work: Promise<T>): Promise<T>;
  /** Something moved. */
  progress(): void;
  stop(): void;
}

export function watchStalls(call: Call): StallWatch {
  const controller = new AbortController();
  let failure: PersistError | undefined;
  let giveUp: ((error: PersistError) => void) | undefined;
  let latest = performance.now();
  let timer: ReturnType<typeof setTimeout>;

  const fail = (error: PersistError) => {
    stop();
    failure = error;
    giveUp?.(error);
    controller.abort(error);
  };
  const onAbort = () => fail(aborted(call));
  // One timer that looks when the last progress was: there may be a thousand steps a second.
  const look = () => {
    const left = latest + call.timeout - performance.now();
    if (left <= 0) fail(timedOut(call));
    else {
      timer = setTimeout(look, left);
      if (typeof timer === "object") (timer as { unref(): void }).unref();
    }
  };
  const stop = () => {
    clearTimeout(timer);
    call.signal?.removeEventListener("abort", onAbort);
  };

  if (call.signal?.aborted === true) onAbort();
  else {
    call.signal?.addEventListener("abort", onAbort, { once: true });
    look();
  }
  return {
    signal: controller.signal,
    // Not a race against one promise for all steps: that promise would keep the result of every step.
    orFail: (work) =>
      new Promise((resolve, reject) => {
        giveUp = reject;
        if (failure !== undefined) reject(failure);
        work.then(resolve, reject);
      }),
    progress() {
      latest = performance.now();
    },
    stop,
  };
}
