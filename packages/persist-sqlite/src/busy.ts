/**
 * Waiting for another process' lock without blocking the event loop.
 *
 * SQLite itself would wait inside the call (`busy_timeout`), and the whole process with it. So it waits a few milliseconds only, which serves most collisions, and
 * then the attempt is repeated here, until the operation's deadline.
 */
import { type EngineOptions, type MaybePromise, PersistError } from "@cuitty/persist-core";
import type { SqliteDriver } from "./driver.ts";
import { isBusy, toPersistError } from "./errors.ts";

/** How long SQLite itself waits for a lock, in milliseconds: as long as the event loop may stand still. */
export const busyTimeout = 10;

/** Pauses between two attempts, in milliseconds: random between these, so that waiting processes do not march in step. */
const pause = { least: 2, most: 20 };

export type Patience = Pick<EngineOptions, "deadline" | "signal">;

/**
 * The result of `attempt`: at once where it succeeds at once, which is nearly always; else a promise. An attempt that finds the database busy must leave nothing
 * behind. `doing` completes
 * "Could not …", and is asked for only then.
 */
export function patiently<T>(
  driver: SqliteDriver,
  o: Patience,
  doing: () => string,
  attempt: () => T,
): MaybePromise<T> {
  try {
    return attempt();
  } catch (error) {
    if (!isBusy(error, driver)) throw toPersistError(error, driver, doing());
    return waitAndRetry(driver, o, doing(), attempt, error);
  }
}

async function waitAndRetry<T>(
  driver: SqliteDriver,
  o: Patience,
  doing: string,
  attempt: () => T,
  firstError: unknown,
): Promise<T> {
  for (let cause = firstError; ; ) {
    if (o.signal?.aborted) {
      throw new PersistError("ABORTED", `Gave up waiting to ${doing}.`, { adapter: "sqlite", cause: o.signal.reason });
    }
    if (performance.now() >= o.deadline) {
      throw new PersistError(
        "TIMEOUT",
        `Could not ${doing} in time: another process holds the file's write lock. Look for one that keeps a transaction open.`,
        { adapter: "sqlite", cause },
      );
    }
    await sleep(pause.least + Math.random() * (pause.most - pause.least), o);
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error, driver)) throw toPersistError(error, driver, doing);
      cause = error;
    }
  }
}

/** Ends early at the deadline and with the signal. Keeps the process alive: somebody awaits the operation. */
function sleep(ms: number, { deadline, signal }: Patience): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.min(ms, Math.max(0, deadline - performance.now())));
    signal?.addEventListener("abort", wake, { once: true });
  });
}
