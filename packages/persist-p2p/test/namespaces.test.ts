/**
 * Stores on machines of a network of their own that find each other by mDNS alone, of which half are cut off from the others again and again while all of them write.
 *
 * `PERSIST_NAMESPACES` says how many machines, `PERSIST_ROUNDS` how often.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createLan, findNamespaces, type Machine, whyLeftOut } from "./network/namespaces.ts";
import { newTopic } from "./network/networks.ts";
import { areInSync, digests, type StoreProcess, startStore } from "./processes/store-processes.ts";
import { temporaryFolder } from "./stores.ts";

const count = Number(process.env.PERSIST_NAMESPACES ?? 5);
const rounds = Number(process.env.PERSIST_ROUNDS ?? 1);
/** All machines are this one, and each has to take what all write. */
const breather = 2 * count ** 2;
const wait = { timeout: 120_000, interval: 100 };

const missing = whyLeftOut(findNamespaces);

interface Inhabitant {
  readonly machine: Machine;
  readonly store: StoreProcess;
}

function writtenBy(store: StoreProcess, more: number): Promise<void> {
  const enough = store.written() + more;
  return expect.poll(() => store.written() >= enough, wait).toBe(true);
}

describe.skipIf(missing)(`machines in a network of their own${missing && ` (skipped: ${missing})`}`, () => {
  const title = `${count} of them have the same after ${rounds} times that half of them were cut off and two were killed`;
  test(title, { timeout: 120_000 + rounds * 240_000 }, async () => {
    const folder = temporaryFolder();
    const discovery = { method: "mdns", topic: newTopic() } as const;
    const listen = ["/ip4/0.0.0.0/tcp/0"];
    const open = ({ namespace }: Machine) =>
      startStore({ path: join(folder, `${namespace}.db`), discovery, listen }, { namespace });
    const settle = async (machine: Machine): Promise<Inhabitant> => ({ machine, store: await open(machine) });
    const all: Inhabitant[] = await Promise.all(createLan(count).map(settle));
    /** By the name of each writer, the last number that it has acknowledged. */
    const acknowledged = new Map<string, number>();
    const seconds: number[] = [];

    for (let round = 1; round <= rounds; round++) {
      const nameOf = ({ machine }: Inhabitant) => `${machine.address} in round ${round}`;
      const note = (one: Inhabitant) => acknowledged.set(nameOf(one), one.store.written());
      for (const one of all) await one.store.write(nameOf(one), { breather });
      await Promise.all(all.map(({ store }) => writtenBy(store, 3)));
      const away = all.filter((_, i) => (i + round) % 2 === 0);
      for (const { machine } of away) machine.unplug();
      await Promise.all(all.map(({ store }) => writtenBy(store, 3)));
      // Of an even number one on each side.
      const victims = [round % all.length, (round + 1) % all.length];
      for (const victim of victims) {
        const killed = all[victim] as Inhabitant;
        await killed.store.kill();
        note(killed);
        all[victim] = await settle(killed.machine);
      }
      const writers = all.filter((_, i) => !victims.includes(i));
      await Promise.all(writers.map(({ store }) => writtenBy(store, 3)));
      await Promise.all(writers.map(({ store }) => store.ask({ do: "rest" })));
      for (const one of writers) note(one);

      const healed = performance.now();
      for (const { machine } of away) machine.plug();
      const stores = all.map(({ store }) => store);
      await expect.poll(async () => (await areInSync(stores)) && new Set(await digests(stores)).size, wait).toBe(1);
      seconds.push((performance.now() - healed) / 1000);
    }

    const [{ store }] = all as [Inhabitant];
    const keys = new Set(await store.ask<string[]>({ do: "keys" }));
    const events = await store.ask<string[]>({ do: "events" });
    const ids = new Set(events);
    expect(ids.size).toBe(events.length);
    const lost = [...acknowledged].flatMap(([name, last]) =>
      Array.from({ length: last + 1 }, (_, i) => `${name}/${i}`).filter((id) => !keys.has(id) || !ids.has(id)),
    );
    expect(lost).toEqual([]);
    console.log(`${count} machines were equal after ${seconds.map((each) => each.toFixed(1)).join(", ")} seconds`);
  });
});
