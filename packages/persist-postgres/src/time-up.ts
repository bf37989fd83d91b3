/** Deadlines and signals, as one thing to wait for. */
import type { Patience } from "./statement.ts";

/** setTimeout takes no more. */
const longestTimer = 2 ** 31 - 1;

/** Calls back once when the time is up. Returns how to stop that. */
export function onTimeUp(o: Patience, callback: (why: "deadline" | "aborted") => void): () => void {
  const { signal } = o;
  const stop = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  };
  const fire = (why: "deadline" | "aborted"): void => {
    stop();
    callback(why);
  };
  const aborted = (): void => fire("aborted");
  const timer = setTimeout(fire, Math.min(longestTimer, Math.max(0, o.deadline - performance.now())), "deadline");
  signal?.addEventListener("abort", aborted, { once: true });
  return stop;
}
