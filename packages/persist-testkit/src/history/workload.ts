/** Many clients at once who do as the dice say, on few keys, so that they meet. */
import { type Events, PersistError } from "@cuitty/persist-core";
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
  /** The backend may be out of reach now and then. Default: that ends it, as any other error does. */
  readonly withOutages?: boolean;
}

/** Appends to some streams, and follows the whole log. What failed because the backend was out of reach is mostly tried again, with the same ids. */
export async function useEvents(events: Pick<Events, "append" | "readAll">, o: EventClientOptions): Promise<void> {
  const { client, dice, now, onAppend, onRead, goesOn, withOutages = false } = o;
  /** What became of it; where the backend was out of reach, whether it may have happened. */
  const attempt = async <T>(work: () => Promise<T>): Promise<T | "refused" | "unknown"> => {
    try {
      return await work();
    } catch (error) {
      if (!withOutages || !PersistError.is(error, "UNAVAILABLE")) throw error;
      return error.outcome === "unknown" ? "unknown" : "refused";
    }
  };
  const read = async () => {
    const seen: SeenEvent[] = [];
    for await (const { id, stream, version, position } of events.readAll({ from }))
      seen.push({ id, stream, version, position });
    return seen;
  };
  const append = async (stream: string, ids: readonly string[], data: number) => {
    let failure: "refused" | "unknown" = "refused";
    do {
      const outcome = await attempt(() =>
        events.append(
          stream,
          ids.map((id) => ({ id, type: "t", data })),
        ),
      );
      if (typeof outcome !== "string") return outcome;
      if (outcome === "unknown") failure = outcome;
    } while (goesOn() && dice.below(4) > 0);
    return failure;
  };
  let from = 1;
  for (let n = 1; goesOn(); n++) {
    if (dice.below(4) === 0) {
      const called = now();
      const seen = await attempt(read);
      if (typeof seen === "string") continue;
      onRead({ client, called, answered: now(), from, events: seen });
      from += seen.length;
      continue;
    }
    const ids = Array.from({ length: 1 + dice.below(3) }, (_, i) => `${client}-${n}-${i}`);
    const stream = dice.pick(streams);
    const begun: AppendCall = { client, stream, ids, called: now() };
    onAppend(n, begun);
    const outcome = await append(stream, ids, n);
    if (outcome === "unknown") continue;
    if (outcome === "refused") onAppend(n, { ...begun, refused: true });
    else onAppend(n, { ...begun, answered: now(), version: outcome.version, position: outcome.position });
  }
}
