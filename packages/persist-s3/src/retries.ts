/** Sending a request until it is answered: with a pause of random length before each further time, within the budget, until the deadline. */
import { setTimeout as delay } from "node:timers/promises";
import type { Patience } from "./bucket.ts";
import { type Attempted, Cut, failureOf, refuse, toPersistError } from "./errors.ts";
import type { RequestLimit } from "./request-limit.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { timerFor } from "./timers.ts";

export interface Call {
  /** Completes "Could not …". */
  readonly attempt: string;
  /** Whether it changes anything. */
  readonly writes: boolean;
  /** How long the server may be silent, in milliseconds. */
  readonly within: number;
}

/** What is known when a request is sent. */
export interface Turn {
  /** Aborted when the answer is of no use any more. */
  readonly signal: AbortSignal;
  /** Whether an earlier time may have done it. */
  readonly doubtful: boolean;
  /** Counts as a request until what it returns is called, and not only until it is answered. */
  hold(): () => void;
}

export interface Retries {
  /** Resolves to what the request does. Throws PersistErrors. */
  send<T>(o: Patience, call: Call, request: (turn: Turn) => Promise<T>): Promise<T>;
  /** Waits until it may be tried again after that error. Throws a PersistError where it may not. */
  rest(o: Patience, attempted: Attempted, error: unknown): Promise<void>;
}

/** Of pauses, in milliseconds: the first, and the longest. */
const pauses = {
  once: { first: 0, longest: 0 },
  soon: { first: 10, longest: 500 },
  later: { first: 50, longest: 5_000 },
};

/** How often something can be set right. */
const mostCorrections = 3;

export function createRetries(budget: RetryBudget, limit: RequestLimit, place: string): Retries {
  async function send<T>(o: Patience, call: Call, request: (turn: Turn) => Promise<T>): Promise<T> {
    let doubtful = false;
    for (let times = 1; ; times++) {
      const release = await begin(o).catch((late: unknown) => {
        throw toPersistError(late, { ...call, place, doubtful, times: times - 1 });
      });
      let isHeld = false;
      const hold = (): (() => void) => {
        isHeld = true;
        return release;
      };
      try {
        const answer = await sendOnce(o, call.within, (signal) => request({ signal, doubtful, hold }));
        if (!isHeld) release();
        budget.answered();
        return answer;
      } catch (error) {
        release();
        if (call.writes && mayHaveHappened(error)) doubtful = true;
        await rest(o, { ...call, place, doubtful, times }, error);
      }
    }
  }

  /** Throws Cut where it is too late. */
  async function begin(o: Patience): Promise<() => void> {
    if (limit.isClosed()) throw refuse("CLOSED", `The store in ${place} is closed.`);
    if (o.signal?.aborted === true) throw new Cut("aborted");
    if (performance.now() >= o.deadline) throw new Cut("deadline");
    return limit.take() ?? (await limit.wait(o));
  }

  async function rest(o: Patience, attempted: Attempted, error: unknown): Promise<void> {
    const { times } = attempted;
    const { meaning, pause } = failureOf(error);
    const again = error instanceof Cut ? cutAgain[error.why] : meaning?.again;
    if (again === undefined || (again === "once" && times > mostCorrections)) {
      budget.answered();
      throw toPersistError(error, attempted);
    }
    const { first, longest } = pauses[again];
    const wait = pause ?? Math.random() * Math.min(longest, first * 2 ** (times - 1));
    if (await pauseFor(wait, o, budget)) return;
    throw toPersistError(o.signal?.aborted === true ? new Cut("aborted") : error, attempted);
  }

  return { send, rest };
}

const mayHaveHappened = (error: unknown): boolean =>
  error instanceof Cut || failureOf(error).meaning?.doubtful === true;

const cutAgain = { aborted: undefined, deadline: undefined, silence: "later" } as const;

/** Whether it may be tried again, after at least so many milliseconds and as soon as the budget allows. */
async function pauseFor(wait: number, o: Patience, budget: RetryBudget): Promise<boolean> {
  let pause = wait;
  do {
    if (performance.now() + pause >= o.deadline) return false;
    try {
      await delay(pause, undefined, o.signal === undefined ? {} : { signal: o.signal });
    } catch {
      return false;
    }
    pause = 50 + Math.random() * 100;
  } while (!budget.spend());
  return true;
}

/** Whatever the driver does with the signal: it ends. */
async function sendOnce<T>(o: Patience, within: number, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal } = o;
  const controller = new AbortController();
  let cut = (_why: Cut["why"]): void => {};
  const cutting = new Promise<never>((_, reject) => {
    cut = (why) => {
      reject(new Cut(why)); // before the driver, which says only that it was aborted
      controller.abort();
    };
  });
  const isLast = o.deadline - performance.now() <= within;
  const timer = setTimeout(cut, timerFor(o, within), isLast ? "deadline" : "silence");
  const onAbort = (): void => cut("aborted");
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const sent = request(controller.signal);
    sent.catch(() => {}); // of no interest once it is cut
    return await Promise.race([sent, cutting]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
