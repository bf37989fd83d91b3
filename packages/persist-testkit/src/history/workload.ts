/** Many clients at once who do as the dice say, on few keys, so that they meet. */
import type { Events } from "@cuitty/persist-core";
import { createDice, type Dice } from "./dice.ts";
import type { AppendCall, ReadCall, SeenEvent } from "./event-order.ts";
import type { RegisterClient } from "./recorder.ts";

export interface Workload {
  readonly seed: number;
  /** Of all clients together. */
  readonly operations: number;
}

const keys = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;
const counters = ["count-a", "count-b"] as const;

/** Values are all different, so that it is known who wrote what is read. */
export async function useRegisters(
  clients: readonly (readonly [name: string, client: RegisterClient])[],
  { seed, operations }: Workload,
): Promise<void> {
  let left = operations;
  const use = async ([name, client]: readonly [string, RegisterClient], number: number) => {
    const dice = createDice(seed + number);
    for (let n = 1; left-- > 0; n++) await useRegister(client, dice, `${name}-${n}`);
  };
  await Promise.all(clients.map(use));
}

async function useRegister(client: RegisterClient, dice: Dice, value: string): Promise<void> {
  const key = dice.pick(keys);
  const die = dice.below(20);
  if (die < 6) return client.get(key);
  if (die < 9) return client.set(key, value);
  if (die < 11) return client.delete(key);
  if (die < 16) {
    // With a look before it, or by what was seen some time ago.
    if (die < 14) await client.get(key);
    return client.compareAndSet(key, value);
  }
  const counter = dice.pick(counters);
  return die < 19 ? client.increment(counter, 1 + dice.below(3)) : client.get(counter);
}

const streams = ["s-1", "s-2", "s-3"] as const;

export interface EventClientOptions {
  readonly client: string;
  readonly dice: Dice;
  readonly now: () => number;
  /** Called with each append when it is made, and again when it is over. */
  readonly onAppend: (id: number, append: AppendCall) => void;
  readonly onRead: (read: ReadCall) => void;
  /** Whether to go on. */
  readonly goesOn: () => boolean;
}

/** Appends to some streams, and follows the whole log. An error that says nothing about the outcome ends it. */
export async function useEvents(events: Pick<Events, "append" | "readAll">, o: EventClientOptions): Promise<void> {
  const { client, dice, now, onAppend, onRead, goesOn } = o;
  let from = 1;
  for (let n = 1; goesOn(); n++) {
    if (dice.below(4) === 0) {
      const called = now();
      const seen: SeenEvent[] = [];
      for await (const { id, stream, version, position } of events.readAll({ from }))
        seen.push({ id, stream, version, position });
      onRead({ client, called, answered: now(), from, events: seen });
      from += seen.length;
      continue;
    }
    const ids = Array.from({ length: 1 + dice.below(3) }, (_, i) => `${client}-${n}-${i}`);
    const stream = dice.pick(streams);
    const begun: AppendCall = { client, stream, ids, called: now() };
    onAppend(n, begun);
    const { version, position } = await events.append(
      stream,
      ids.map((id) => ({ id, type: "t", data: n })),
    );
    onAppend(n, { ...begun, answered: now(), version, position });
  }
}
