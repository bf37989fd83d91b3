/**
 * Who may write a key, within this process: many at once, or one alone who looks first and then writes, for what the server does not judge. Those who came first go first.
 */
import type { Patience } from "./bucket.ts";
import { Cut } from "./errors.ts";
import { timerFor } from "./timers.ts";

export type Turns = <T>(key: string, alone: boolean, o: Patience, write: () => Promise<T>) => Promise<T>;

interface Waiting {
  readonly alone: boolean;
  begin(): void;
}

interface Queue {
  /** How many write; one who writes alone counts for all. */
  running: number;
  readonly waiting: Set<Waiting>;
}

/** Throws Cut where the turn does not come in time. */
export function createTurns(): Turns {
  const queues = new Map<string, Queue>();

  return async (key, alone, o, write) => {
    if (o.signal?.aborted === true) throw new Cut("aborted");
    let queue = queues.get(key);
    if (queue === undefined) {
      queue = { running: 0, waiting: new Set() };
      queues.set(key, queue);
    }
    const weight = alone ? Number.POSITIVE_INFINITY : 1;
    if (queue.waiting.size === 0 && fits(queue, alone)) queue.running += weight;
    else await wait(queue, alone, weight, o);
    try {
      return await write();
    } finally {
      queue.running = alone ? 0 : queue.running - 1;
      go(queue);
      if (queue.running === 0) queues.delete(key);
    }
  };
}

const fits = ({ running }: Queue, alone: boolean): boolean => (alone ? running === 0 : Number.isFinite(running));

function go(queue: Queue): void {
  for (const next of queue.waiting) {
    if (!fits(queue, next.alone)) return;
    queue.waiting.delete(next);
    next.begin();
  }
}

function wait(queue: Queue, alone: boolean, weight: number, o: Patience): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      o.signal?.removeEventListener("abort", onAbort);
    };
    const one: Waiting = {
      alone,
      begin() {
        end();
        queue.running += weight;
        resolve();
      },
    };
    const giveUp = (why: Cut["why"]): void => {
      end();
      queue.waiting.delete(one);
      go(queue);
      reject(new Cut(why));
    };
    const onAbort = (): void => giveUp("aborted");
    const timer = setTimeout(giveUp, timerFor(o), "deadline");
    o.signal?.addEventListener("abort", onAbort, { once: true });
    queue.waiting.add(one);
  });
}
