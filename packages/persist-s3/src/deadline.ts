import { PersistError } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";

/** Throws where nobody waits any more. `attempt` completes "Could not …". */
export function ensureWanted({ deadline, signal }: Patience, attempt: string): void {
  if (signal?.aborted === true) {
    throw new PersistError("ABORTED", `Gave up trying to ${attempt}.`, { adapter: "s3", cause: signal.reason });
  }
  if (performance.now() <= deadline) return;
  throw new PersistError(
    "TIMEOUT",
    `Could not ${attempt} in time: others were writing the same all the while, or the server was slow. Try again, or give it a longer timeout.`,
    { adapter: "s3" },
  );
}

/** Up to so many milliseconds, at random, so that those who met do not meet again. */
export function pauseUpTo(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * ms));
}
