/**
 * Optimistic work is tried again when somebody else was faster. So that everybody gets through, whoever has failed twice goes on alone: the other optimistic
 * work of this process waits for it. That is fairness and not a lock: correctness never depends on it, so nobody waits for longer than a second.
 */
import { type Call, timedOut } from "./calls.ts";
import { foundBy } from "./conflicts.ts";
import { PersistError } from "./errors.ts";
import type { Gate } from "./gate.ts";

export type Attempt<T> = { readonly value: T } | { readonly conflict: PersistError };

export interface Attempts {
  /** Runs `attempt` until it has a value: at most `retries` times again, and not beyond the deadline. Then throws its last conflict. */
  run<T>(
    gate: Pick<Gate, "track">,
    call: Call,
    retries: number | undefined,
    attempt: () => Promise<Attempt<T>>,
  ): Promise<T>;
}

const defaultRetries = 50;
const patience = 1000;
const longestPause = 100;

export function createAttempts(): Attempts {
  let alone: Promise<unknown> | undefined;

  const runAlone = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = alone;
    const { promise, resolve } = Promise.withResolvers<void>();
    alone = promise;
    try {
      if (before !== undefined) await atMost(patience, before);
      return await work();
    } finally {
      resolve();
      if (alone === promise) alone = undefined;
    }
  };

  const repeat = async <T>(call: Call, retries: number, attempt: () => Promise<Attempt<T>>): Promise<T> => {
    for (let n = 1; ; n++) {
      if (n < 3 && alone !== undefined) await atMost(patience, alone);
      const result = n < 3 ? await attempt() : await runAlone(attempt);
      if ("value" in result) return result.value;
      if (n > retries) throw result.conflict;
      if (performance.now() > call.deadline) throw timedOut(call);
      // Those of other processes do not wait for us: meet them at another moment.
      if (n >= 3) await pause(Math.random() * Math.min(longestPause, 2 ** n));
    }
  };

  return {
    run(gate, call, retries = defaultRetries, attempt) {
      if (!Number.isSafeInteger(retries) || retries < 0) {
        throw new PersistError("INVALID_ARGUMENT", `${call.operation}: retries must be a whole number of at least 0.`);
      }
      return gate.track(repeat(call, retries, attempt));
    },
  };
}

/** The value, or the conflict; other errors go on, and so does a unique tuple that is taken: it is as taken the next time. */
export async function attemptOf<T>(work: Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work };
  } catch (error) {
    if (PersistError.is(error, "CONFLICT") && foundBy(error)?.index === undefined) return { conflict: error };
    throw error;
  }
}

function atMost(ms: number, work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, pause(ms)]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
