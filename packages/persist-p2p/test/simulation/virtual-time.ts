/** Time that passes only when there is nothing left to do at the present moment, so that hours take milliseconds and everything happens in an order that the seed decides. */
import type { Scheduler } from "../../src/sync/scheduler.ts";

export interface VirtualTime {
  now(): number;
  at(time: number, run: () => void): () => void;
  /** Runs the next thing that is due before the time; `false` where there is none. */
  step(until: number): boolean;
  /** For one process, whose timers and turns end with it. */
  process(): { scheduler: Scheduler; end(): void };
}

interface Due {
  readonly time: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export function createVirtualTime(): VirtualTime {
  const heap: Due[] = [];
  let now = 0;
  let order = 0;

  const before = (a: Due, b: Due): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

  function push(due: Due): void {
    let i = heap.push(due) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(heap[parent] as Due, due)) break;
      heap[i] = heap[parent] as Due;
      i = parent;
    }
    heap[i] = due;
  }

  function pop(): Due | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (before(last, heap[child] as Due)) break;
      heap[i] = heap[child] as Due;
      i = child;
    }
    heap[i] = last;
    return first;
  }

  function at(time: number, run: () => void): () => void {
    order += 1;
    const due: Due = { time: Math.max(time, now), order, run };
    push(due);
    return () => {
      due.run = undefined;
    };
  }

  return {
    now: () => now,
    at,
    step(until) {
      while (heap[0] !== undefined && heap[0].run === undefined) pop();
      if (heap[0] === undefined || heap[0].time > until) return false;
      const due = pop() as Due;
      now = due.time;
      due.run?.();
      return true;
    },
    process() {
      let isOver = false;
      let looked = 0;
      const unlessOver = (run: () => void) => () => {
        if (!isOver) run();
      };
      return {
        scheduler: {
          // Looking at the clock takes a little time, so that slices of work come to an end.
          now: () => {
            looked = Math.max(now, looked + 0.01);
            return looked;
          },
          soon: (run) => void at(now + 0.01, unlessOver(run)),
          after: (milliseconds, run) => at(now + milliseconds, unlessOver(run)),
        },
        end() {
          isOver = true;
        },
      };
    },
  };
}
