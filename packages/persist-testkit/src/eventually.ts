/** For clauses about what happens by itself. */
import type { Store } from "@cuitty/persist-core";
import { fail } from "./assertions.ts";
import type { Context } from "./context.ts";

/** How long it may take, in milliseconds. */
const patience = 20_000;

/** Waits until it is so. `what` is the sentence that must come true. */
export async function eventually(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await isSo())) {
    if (performance.now() > deadline) fail(`not so after ${patience / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Lets the clause's clock go on, a second at a time, and wakes whoever waits, until it is so. */
export function inTime(t: Context, store: Store, isSo: () => boolean, what: string): Promise<void> {
  let ticks = 0;
  return eventually(async () => {
    if (isSo()) return true;
    t.clock.advance(1000);
    await store.kv.set("tick", ++ticks);
    return false;
  }, what);
}
