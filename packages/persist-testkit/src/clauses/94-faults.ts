/** Calls to the backend that fail, get lost or hang, each in turn: what the store says is true all the same. */
import { createStore } from "@cuitty/persist-core";
import { fail } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import type { Context } from "../context.ts";
import { type Fate, faulty } from "../faults/faulty.ts";
import { type Fault, type Victim, withstand } from "../faults/withstand.ts";
import type { Budget } from "../harness.ts";
import { storeName } from "../place.ts";

/** In a quick run only every so many calls are tried, from another one on each time. */
const strides: Readonly<Record<Budget, number>> = { quick: 5, full: 1, soak: 1 };

/** The n-th call meets this fate, for n = 1, 2, 3 … until everything is done before it comes to that. */
async function eachCall(t: Context, fate: Fate): Promise<void> {
  if (t.harness.peers === true) t.skip("whoever opens anew beside a store is another peer");
  const stride = strides[t.budget];
  for (let n = 1 + (Math.abs(t.seed) % stride); ; n += stride) {
    const { victim, fault, struckAt, end } = prepare(t, fate, n);
    try {
      await withstand(victim, fault, { reopens: n % 2 === 0 });
    } catch (error) {
      fail(`call number ${n}, ${struckAt()}, ${fate}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await end();
    }
    if (!fault.struck) return;
  }
}

function prepare(t: Context, fate: Fate, n: number) {
  const place = t.place();
  const hangs = fate.startsWith("hangs");
  let calls = 0;
  let isHealed = false;
  let counts = false;
  let struckAt = "which never came";
  const fault: { -readonly [P in keyof Fault]: Fault[P] } = {
    struck: false,
    hangs,
    onStrike: () => undefined,
    heal: () => {
      isHealed = true;
    },
  };

  const victim: Victim = {
    async open(clock) {
      counts = false;
      const adapter = faulty(await place.adapter(), ({ method }) => {
        if (!counts || isHealed || ++calls < n) return "works";
        // Where one hangs, so do those after it, until somebody opens anew.
        if (calls > n && !hangs) return "works";
        if (calls === n) {
          fault.struck = true;
          struckAt = method;
          fault.onStrike();
        }
        return calls === n ? fate : "hangs";
      });
      const store = await createStore({ name: storeName, adapter, clock: clock.now });
      counts = true;
      return store;
    },
    async end(store, isHanging) {
      counts = false;
      if (!isHanging) await store.close();
      else if (t.harness.crash !== undefined) await place.crash();
    },
  };
  return { victim, fault, struckAt: () => struckAt, end: () => place.end() };
}

function each(key: `K-fault-${string}`, fate: Fate, what: string): Clause {
  const promise =
    "Whichever call to the backend fails, no answer is wrong, nothing is lost or half there, and the store goes on";
  return clause(key, [promise, what], (t) => eachCall(t, fate));
}

export const faults: Chapter = {
  section: "94",
  title: "Faults",
  clauses: [
    each("K-fault-fails", "fails", "a call that fails"),
    each("K-fault-answer-lost", "fails though it happened", "a call whose answer is lost"),
    each("K-fault-lost", "is lost", "a call of which nobody knows that it never happened"),
    each("K-fault-hangs", "hangs", "a call that never happens and is never answered"),
    each("K-fault-hangs-after", "hangs though it happened", "a call that happens and is never answered"),
    each("K-fault-late", "is late", "a call that is late"),
  ],
};
