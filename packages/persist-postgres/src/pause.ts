/** Between two attempts at what was in the way of others: random, so that they do not meet again. */
import type { Patience } from "./statement.ts";

/** The longest first pause, and the longest of all, in milliseconds. */
const first = 4;
const longest = 250;

/** Resolves to false, and at once, where there is no time for another attempt. Keeps the process alive: somebody awaits the operation. */
export function pauseBefore(tries: number, { deadline, signal }: Patience): Promise<boolean> {
  const ms = Math.random() * Math.min(longest, first * 2 ** Math.min(tries - 1, 10));
  if (signal?.aborted || performance.now() + ms >= deadline) return Promise.resolve(false);
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve(signal?.aborted !== true);
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
