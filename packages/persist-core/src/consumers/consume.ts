/**
 * Consumers: whoever has the lease reads the log from the checkpoint on and hands out event by event; the others wait. What one process has begun and not stored when it
 * dies is handled again by the next.
 */
import type { ConsumeOptions, Consumer, ConsumerHandler } from "../api/consumers.ts";
import { beginCall } from "../calls.ts";
import type { EventRow } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Gate, LiveGate } from "../gate.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { readHead } from "../reading.ts";
import type { RepeatTransaction } from "../transaction/run.ts";
import { deadLetter } from "./dead-letters.ts";
import { createDelivery } from "./delivery.ts";
import { createLease } from "./lease.ts";
import { createPulse } from "./pulse.ts";
import { type ConsumerSettings, parseSettings } from "./settings.ts";
import { warn } from "./warning.ts";

export type Consume = (name: string, handler: ConsumerHandler, o?: ConsumeOptions) => Consumer;

export interface ConsumerParts {
  readonly gate: LiveGate;
  readonly lifecycle: Lifecycle;
  readonly repeat: RepeatTransaction;
}

/** Events in one read where most may be passed over. */
const filteredPage = 500;
/** Between attempts, in milliseconds: growing from the first to the last. */
const firstPause = 100;
const longestPause = 30_000;
/** How long who is paused, or waits for another's lease, goes without looking. */
const lookAgain = 1000;

/** A page of the log, and of which generation of the lease it is the continuation. */
interface Seen {
  readonly events: readonly EventRow[];
  readonly more: boolean;
  readonly generation: number;
}

export function createConsumers(parts: ConsumerParts): Consume {
  return (name, handler, o) => {
    const settings = parseSettings(name, handler, o);
    parts.gate.ensureOpen();
    return startConsumer(parts, settings, handler, o?.signal);
  };
}

function startConsumer(
  { gate, lifecycle, repeat }: ConsumerParts,
  settings: ConsumerSettings,
  handler: ConsumerHandler,
  signal: AbortSignal | undefined,
): Consumer {
  const { name, begin } = settings;
  const pulse = createPulse(gate.now, gate.feed.wake);
  const lease = createLease(gate, `consumers/${name}`, begin, firstPosition(gate, settings));
  const deliver = createDelivery(settings, handler, lease, repeat);
  let isPaused = false;
  let isStopping = false;
  let head = 0;
  let failure: { readonly error: unknown } | undefined;

  const stop = () => {
    isStopping = true;
    pulse.beat();
  };

  const look = async (): Promise<Seen> => {
    const { generation } = lease;
    head = (await readHead(gate, "", begin())).position;
    const limit = settings.isFiltered ? Math.max(filteredPage, settings.batchSize) : settings.batchSize;
    const page = await gate.events({ from: lease.position + 1, reverse: false, limit }, begin());
    return { ...page, generation };
  };

  /** Ends early where it is to stop. */
  const rest = async (attempt: number) => {
    const due = gate.now() + Math.min(longestPause, firstPause * 4 ** (attempt - 1));
    while (!isStopping && gate.now() < due) await pulse.next(due);
  };

  /** Until it is handled or put aside. Whether the next may follow. */
  const handle = async (event: EventRow, generation: number): Promise<boolean> => {
    for (;;) {
      const attempt = lease.attempts + 1;
      const failed = await deliver(event, attempt);
      if (lease.generation !== generation) return false;
      if (failed === undefined) {
        if (!settings.exactlyOnce) lease.advance(event.position);
        return true;
      }
      if (isStopping) return false; // perhaps it failed for that reason
      lease.noteFailure(attempt);
      if (attempt >= settings.maxAttempts) {
        if (settings.deadLetter === undefined) {
          lease.noteFailure(0); // whoever starts it again has all attempts
          throw new Unhandled(event, failed.error);
        }
        const letter = deadLetter(settings.deadLetter, event, { consumer: name, attempts: attempt, ...failed });
        lease.advance(event.position);
        return lease.save([letter]);
      }
      if (!(await lease.save())) return false;
      await rest(attempt);
      if (isStopping || lease.generation !== generation) return false;
    }
  };

  const handleAll = async ({ events, more, generation }: Seen) => {
    let handled = 0;
    for (const event of events) {
      if (isStopping || isPaused) break;
      await lease.renew(); // or it may be somebody else's by now
      if (lease.generation !== generation) return;
      if (!settings.isWanted(event)) {
        lease.advance(event.position);
        continue;
      }
      if (!(await handle(event, generation))) return;
      handled++;
      if (!settings.exactlyOnce && handled % settings.batchSize === 0) await lease.save();
    }
    // What was passed over is stored in due course: it costs nothing to pass it over again.
    if (more || (!settings.exactlyOnce && handled % settings.batchSize > 0)) await lease.save();
  };

  /** Renews the lease while the work goes on, however long it takes. */
  const renewing = async (work: Promise<void>) => {
    let isOver = false;
    const settled = work.catch(() => undefined);
    const beating = (async () => {
      for (let troubles = 0; !isOver; ) {
        await pulse.next(lease.renewal);
        if (isOver) return;
        try {
          await lease.renew();
          troubles = 0;
        } catch {
          // The next write tells it. A backend that refuses at once is not asked over and over.
          await Promise.race([settled, pause(Math.min(longestPause, firstPause * 4 ** troubles++))]);
        }
      }
    })();
    try {
      await work;
    } finally {
      isOver = true;
      pulse.beat();
      await beating;
    }
  };

  const own = async () => {
    while (!isStopping && lease.isHeld) {
      await lease.renew();
      const page = isPaused ? undefined : await look();
      if (page !== undefined && page.events.length > 0) await renewing(handleAll(page));
      else await pulse.next(lease.renewal);
    }
  };

  const run = async () => {
    let troubles = 0;
    while (!isStopping) {
      try {
        const until = isPaused ? gate.now() + lookAgain : await lease.take();
        if (until === undefined) await own();
        else {
          head = (await readHead(gate, "", begin())).position;
          await pulse.next(until);
        }
        troubles = 0;
      } catch (error) {
        if (isStopping) break;
        if (!PersistError.is(error) || !(error.retryable || error.outcome === "unknown")) {
          failure = { error: error instanceof Unhandled ? error.cause : error };
          warn(name, lease.position, failure.error);
          break;
        }
        await rest(++troubles);
      }
    }
    if (!lifecycle.hasEnded) await lease.release().catch(() => undefined); // then it ends by itself
  };

  const unlisten = lifecycle.onClosing(stop);
  signal?.addEventListener("abort", stop, { once: true });
  const running = lifecycle.track(
    run().finally(() => {
      unlisten();
      signal?.removeEventListener("abort", stop);
      pulse.end();
    }),
  );

  const end = async () => {
    stop();
    await running;
    const taken = failure;
    failure = undefined;
    if (taken !== undefined) throw taken.error;
  };

  return {
    get position() {
      return lease.position;
    },
    get lag() {
      return Math.max(0, head - lease.position);
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      pulse.beat();
    },
    async reset(to) {
      const operation = "consumer.reset";
      const call = beginCall(operation, name, undefined);
      if (!Number.isSafeInteger(to) || to < 0) {
        throw new PersistError(
          "INVALID_ARGUMENT",
          `${operation}: to must be a position, a whole number of at least 0 (it was ${String(to)}).`,
        );
      }
      const last = (await readHead(gate, "", call)).position;
      if (to > last) {
        throw new PersistError(
          "INVALID_ARGUMENT",
          `${operation}: ${to} is beyond the last position, ${last}; events up to there would never be handled.`,
        );
      }
      await gate.track(lease.reset(to, call));
      pulse.beat();
    },
    stop: end,
    [Symbol.asyncDispose]: end,
  };
}

/** Where a name begins that is new. The end is asked for when the consumer is started. */
function firstPosition(gate: Gate, { from, begin }: ConsumerSettings): () => Promise<number> {
  const readEnd = async () => (await readHead(gate, "", begin())).position;
  let first = from === "start" ? Promise.resolve(0) : readEnd();
  first.catch(() => undefined); // told when it is needed
  return async () => {
    try {
      return await first;
    } catch (error) {
      first = readEnd();
      throw error;
    }
  };
}

/** An event that the handler has given up, and nothing is said about where to put it. */
class Unhandled extends Error {
  constructor(event: EventRow, cause: unknown) {
    super(`event ${event.position} could not be handled`, { cause });
  }
}

/** Keeps no process alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    // Timers are numbers in browsers.
    if (typeof timer === "object") (timer as { unref(): void }).unref();
  });
}
