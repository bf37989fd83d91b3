/** How long a caller waits. Looked at between the calls of the adapter: one that is under way cannot be recalled. */
import type { EngineOptions } from "../contract.ts";
import { PersistError } from "../errors.ts";

export type Patience = Pick<EngineOptions, "deadline" | "signal">;

/** Throws ABORTED or TIMEOUT where nobody waits any more. */
export function ensureWanted({ deadline, signal }: Patience): void {
  if (signal?.aborted === true) throw aborted(signal);
  if (performance.now() > deadline) throw timedOut();
}

/** The promise; or ABORTED or TIMEOUT, whichever is first. */
export function waitFor<T>(promise: Promise<T>, { deadline, signal }: Patience): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(aborted(signal));
    signal?.addEventListener("abort", onAbort, { once: true });
    const left = Math.min(Math.max(0, deadline - performance.now()), longestTimer);
    const timer = setTimeout(() => reject(timedOut()), left);
    // It must not keep the process alive. (Timers are numbers in browsers.)
    if (typeof timer === "object") (timer as { unref(): void }).unref();
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    });
  });
}

/** Beyond it, timers fire at once. */
const longestTimer = 2 ** 31 - 1;

function aborted(signal: AbortSignal | undefined): PersistError {
  return new PersistError("ABORTED", "The call was aborted by its signal.", { cause: signal?.reason });
}

function timedOut(): PersistError {
  return new PersistError("TIMEOUT", "The call did not finish before its deadline.");
}
