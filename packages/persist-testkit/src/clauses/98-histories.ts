/** Many clients at once: what they were told fits together. */
import type { Store } from "@cuitty/persist-core";
import { equal, fail, holds } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import type { Context } from "../context.ts";
import type { Budget } from "../harness.ts";
import type { Call } from "../history/call.ts";
import { createDice } from "../history/dice.ts";
import { type AppendCall, checkEventOrder, type ReadCall } from "../history/event-order.ts";
import { checkLinearizable } from "../history/linearizable.ts";
import { counting, createRecorder, type Recorder, type RegisterClient } from "../history/recorder.ts";
import { useEvents, useRegisters } from "../history/workload.ts";
import { needOneCopy } from "../peer-needs.ts";

const operations: Readonly<Record<Budget, number>> = { quick: 1000, full: 20_000, soak: 200_000 };
const clients = Array.from({ length: 16 }, (_, n) => `client-${n + 1}`);

/** Two stores where the backend allows it, as two processes would have them. */
async function openStores(t: Context): Promise<[Store, Store]> {
  needOneCopy(t, "conditions and positions");
  const place = t.place();
  const store = await place.open();
  return [store, store.capabilities.writers === "process" ? store : await place.openBeside()];
}

async function registers(t: Context, client: (recorder: Recorder, name: string, store: Store) => RegisterClient) {
  const stores = await openStores(t);
  const recorder = createRecorder();
  const all = clients.map((name, n) => [name, client(recorder, name, stores[(n % 2) as 0 | 1])] as const);
  await useRegisters(all, { seed: t.seed, operations: operations[t.budget] });
  const verdict = checkLinearizable(recorder.calls);
  if (!verdict.linearizable)
    fail(`the calls on ${verdict.key} do not fit together (seed ${t.seed}): ${verdict.reason}`);
  const swaps = recorder.calls.filter(isSwap).length;
  holds(recorder.calls.length >= operations[t.budget], "enough was done to tell");
  holds(swaps >= operations[t.budget] / 50, `enough conditions were met to tell, and not only ${swaps}`);
}

function isSwap({ action }: Call): boolean {
  return action.do === "compareAndSet" && action.applied === true;
}

export const histories: Chapter = {
  section: "98",
  title: "Many clients at once",
  clauses: [
    clause("K-history-kv", "What many clients of kv are told could have happened one call after another", (t) =>
      registers(t, (recorder, name, { kv }) => recorder.kv(name, kv)),
    ),
    clause(
      "K-history-records",
      "What many clients of records are told could have happened one call after another",
      (t) => registers(t, (recorder, name, { records }) => recorder.records(name, records)),
    ),
    clause(
      "K-history-events",
      "Events stand in the order in which they were acknowledged, without holes, and no reader passes over one",
      async (t) => {
        const stores = await openStores(t);
        const now = counting();
        const appends: AppendCall[] = [];
        const reads: ReadCall[] = [];
        let left = operations[t.budget];
        const use = (client: string, n: number) =>
          useEvents(stores[(n % 2) as 0 | 1].events, {
            client,
            dice: createDice(t.seed + n),
            now,
            onAppend: (_, append) => {
              if (append.answered !== undefined) appends.push(append);
            },
            onRead: (read) => void reads.push(read),
            goesOn: () => left-- > 0,
          });
        await Promise.all(clients.map(use));
        const log = [];
        for await (const event of stores[0].events.readAll()) log.push(event);
        equal(checkEventOrder(log, appends, reads).slice(0, 5), [], `what does not fit (seed ${t.seed})`);
        equal(log.length, appends.flatMap(({ ids }) => ids).length, "the number of events");
      },
    ),
  ],
};
