/** One call of a user: what it is called in messages, and how long it may take. */
import type { OpOptions } from "./api/operations.ts";
import { parseDuration } from "./durations.ts";
import { PersistError } from "./errors.ts";
import { checkOptionNames } from "./option-names.ts";

export const defaultTimeout = 30_000;

export interface Call {
  /** Such as `kv.set`. */
  readonly operation: string;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** By `performance.now()`. */
  readonly deadline: number;
  /** It began before the store was closed, and may go on until it is done. */
  admitted: boolean;
}

/**
 * `options` are the names that the operation knows beside `signal` and `timeout`. Throws INVALID_ARGUMENT where there is another (a condition that is mistyped must not
 * be ignored) or one is malformed, and ABORTED where the signal already is.
 */
export function beginCall(
  operation: string,
  key: string | undefined,
  o: OpOptions | undefined,
  options: readonly string[] = [],
): Call {
  if (o === undefined) {
    const deadline = performance.now() + defaultTimeout;
    return { operation, key, signal: undefined, timeout: defaultTimeout, deadline, admitted: false };
  }
  checkOptionNames(operation, o, ["signal", "timeout", ...options]);
  const { signal } = o;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: signal must be an AbortSignal.`);
  }
  const timeout = o.timeout === undefined ? defaultTimeout : parseDuration(o.timeout, "timeout");
  const call: Call = { operation, key, signal, timeout, deadline: performance.now() + timeout, admitted: false };
  if (signal?.aborted === true) throw aborted(call);
  return call;
}

/** Another call with the same options, which are looked at once: the next step of something that is read slowly. */
export function beginAgain(call: Call): Call {
  return { ...call, deadline: performance.now() + call.timeout, admitted: false };
}

/** The same call with its whole timeout before it: for a step after moving bytes, which may take as long as they move. */
export function renewed(call: Call): Call {
  return { ...call, deadline: performance.now() + call.timeout };
}

/** What is known of a call that is given up. */
export interface GivenUp {
  readonly outcome: "not-applied" | "unknown";
  readonly version?: string | undefined;
}

/** Calls `giveUp` with ABORTED or TIMEOUT when it comes to that. Returns what ends the watch. */
export function watch(call: Call, describe: () => GivenUp, giveUp: (error: PersistError) => void): () => void {
  const onAbort = () => giveUp(aborted(call, describe()));
  const timer = setTimeout(() => giveUp(timedOut(call, describe())), Math.max(0, call.deadline - performance.now()));
  // A call that nobody's process waits for must not keep it alive. (Timers are numbers in browsers.)
  if (typeof timer === "object") (timer as { unref(): void }).unref();
  call.signal?.addEventListener("abort", onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    call.signal?.removeEventListener("abort", onAbort);
  };
}

/** The promise, or ABORTED or TIMEOUT, whichever is first. `explain` makes what it rejects with of the error of the work. */
export function guard<T>(
  work: Promise<T>,
  call: Call,
  describe: () => GivenUp,
  explain: (error: unknown) => unknown = asIs,
): Promise<T> {
  // Two promises and no more: each read comes by here.
  return new Promise((resolve, reject) => {
    const stop = watch(call, describe, reject);
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error) => {
        stop();
        reject(explain(error));
      },
    );
  });
}

const asIs = (error: unknown): unknown => error;

export function aborted(call: Call, details?: GivenUp): PersistError {
  return new PersistError("ABORTED", `${call.operation} was aborted by its signal${maybe(details)}.`, {
    operation: call.operation,
    key: call.key,
    cause: call.signal?.reason,
    ...details,
  });
}

export function timedOut(call: Call, details?: GivenUp): PersistError {
  return new PersistError("TIMEOUT", `${call.operation} did not finish before its deadline${maybe(details)}.`, {
    operation: call.operation,
    key: call.key,
    ...details,
  });
}

function maybe(details: GivenUp | undefined): string {
  return details?.outcome === "unknown" ? "; it may have taken effect: read again and compare the version" : "";
}
