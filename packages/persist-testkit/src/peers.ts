/** Two peers of a replicated backend, each with a copy of its own, which can be kept apart. */
import type { Store } from "@cuitty/persist-core";
import { equal } from "./assertions.ts";
import type { Context } from "./context.ts";
import { eventually } from "./eventually.ts";
import type { Place } from "./place.ts";

export interface Peers {
  readonly a: Store;
  readonly b: Store;
  readonly place: Place;
  /** Does it while neither hears of the other, both having had the same before; then they meet, and must have the same again. */
  apart(write: () => Promise<unknown>): Promise<void>;
  /** Waits until both have the same. */
  meet(): Promise<void>;
}

/** Ends the clause where all who open a place have one copy, or cannot be kept apart. */
export function needPeers({ harness, absent, skip }: Context): void {
  if (harness.peers !== true) absent("all who have a place open share one copy");
  if (harness.part === undefined) skip("the harness cannot keep peers apart");
}

export async function openPeers(t: Context): Promise<Peers> {
  needPeers(t);
  const place = t.place();
  const [a, b] = [await place.open(), await place.openBeside()];

  const meet = async () => {
    await place.settle();
    equal(await a.digest(), await b.digest(), "the digest of the other peer");
  };
  return {
    a,
    b,
    place,
    meet,
    async apart(write) {
      await meet();
      await place.part();
      await write();
      await meet();
    },
  };
}

/** What both have, who must have the same. */
export async function onBoth<T>({ a, b }: Peers, look: (store: Store) => Promise<T>): Promise<T> {
  const [one, other] = [await look(a), await look(b)];
  equal(other, one, "what the other peer has");
  return one;
}

/** What is written from here on is later by every clock of this machine. */
export async function untilLater(): Promise<void> {
  const now = Date.now();
  await eventually(() => Date.now() > now, "the clock goes on");
}
