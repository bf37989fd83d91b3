/** Peers as real processes: partitions, kills, a file with two processes, copies of files, and clocks that are wrong. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { startProxy } from "@cuitty/persist-servers";
import { expect, test } from "vitest";
import { newTopic } from "./network/networks.ts";
import {
  digests,
  type ProcessOptions,
  type Status,
  type StoreProcess,
  startStore,
} from "./processes/store-processes.ts";
import { temporaryFolder } from "./stores.ts";

const wait = { timeout: 60_000, interval: 50 };
/** Each starts several processes, which a busy machine takes a minute for. */
const patient = { timeout: 300_000 };

/** At known addresses. */
function open(
  path: string,
  topic: string,
  peers: readonly string[] = [],
  o: ProcessOptions = {},
): Promise<StoreProcess> {
  const discovery = { method: "static", topic, peers } as const;
  return startStore({ path, discovery }, o);
}

function untilEqual(stores: readonly StoreProcess[]): Promise<void> {
  return expect.poll(async () => new Set(await digests(stores)).size, wait).toBe(1);
}

/** So many more than by now. */
function untilWritten(store: StoreProcess, more: number): Promise<void> {
  const enough = store.written() + more;
  return expect.poll(() => store.written() >= enough, wait).toBe(true);
}

test(
  "two groups that are cut off from each other, kills, and one that comes late end with the same, and nothing acknowledged is lost",
  patient,
  async () => {
    const folder = temporaryFolder();
    const topic = newTopic();
    const start = (name: string, peers: readonly string[] = []) => open(join(folder, `${name}.db`), topic, peers);

    const a = await start("a");
    const addressOfA = await a.address();
    const bridge = await startProxy(Number(/tcp\/(\d+)/.exec(addressOfA)?.[1]));
    const [b, c, d] = await Promise.all([
      start("b", [addressOfA]),
      start("c", [addressOfA]),
      start("d", [`/ip4/127.0.0.1/tcp/${bridge.port}`]),
    ]);
    const addressOfD = await d.address();
    const e = await start("e", [addressOfD]);
    const all = { a, b, c, d, e };

    for (const [name, store] of Object.entries(all)) await store.write(name);
    await Promise.all(Object.values(all).map((store) => untilWritten(store, 5)));
    bridge.blackHole();
    await Promise.all(Object.values(all).map((store) => untilWritten(store, 5)));
    await c.kill();
    await e.kill();
    const again = await start("c", [addressOfA]);
    await again.write("c again");
    await untilWritten(again, 5);
    bridge.heal();
    bridge.cut();
    const late = await start("late", [addressOfD]);
    await Promise.all([a, b, d].map((store) => untilWritten(store, 5)));
    const alive = { a, b, d, "c again": again };
    for (const store of Object.values(alive)) await store.ask({ do: "rest" });
    const restored = await start("e", [addressOfD]);

    const present = [...Object.values(alive), late, restored];
    await untilEqual(present);
    const keys = new Set(await late.ask<string[]>({ do: "keys" }));
    const events = await late.ask<string[]>({ do: "events" });
    expect(new Set(events).size).toBe(events.length);
    let acknowledged = 0;
    for (const [name, store] of Object.entries({ ...all, "c again": again })) {
      for (let i = 0; i <= store.written(); i++)
        expect([keys.has(`${name}/${i}`), events.includes(`${name}/${i}`)]).toEqual([true, true]);
      acknowledged += store.written() + 1;
    }
    const sum = await late.ask<number>({ do: "get", key: "sum" });
    // Of each of the two that were killed one more may be in effect.
    expect(sum).toBeGreaterThanOrEqual(acknowledged);
    expect(sum).toBeLessThanOrEqual(acknowledged + 2);
    await bridge.close();
  },
);

test(
  "of two processes with one file both see everything, and when the one in the network is killed the other one goes on",
  patient,
  async () => {
    const folder = temporaryFolder();
    const topic = newTopic();
    const far = await open(join(folder, "far.db"), topic, []);
    const peers = [await far.address()];
    const path = join(folder, "near.db");
    const first = await open(path, topic, peers);
    await first.address();
    const second = await open(path, topic, peers);
    expect(await second.ask<Status>({ do: "status" })).toMatchObject({ discovery: "off" });

    await second.ask({ do: "set", key: "second", value: 1 });
    await far.ask({ do: "set", key: "far", value: 1 });
    for (const store of [first, second, far]) {
      await expect.poll(() => store.ask({ do: "keys" }), wait).toEqual(["far", "second"]);
    }
    await first.kill();
    await second.ask({ do: "set", key: "alone", value: 1 });
    await second.address();
    await expect.poll(() => far.ask({ do: "get", key: "alone" }), wait).toBe(1);
    await far.ask({ do: "set", key: "answer", value: 1 });
    await expect.poll(() => second.ask({ do: "get", key: "answer" }), wait).toBe(1);
    await untilEqual([second, far]);
  },
);

test("a copy of a file becomes a peer of its own, and both go on", patient, async () => {
  const folder = temporaryFolder();
  const topic = newTopic();
  const [original, copied] = [join(folder, "original.db"), join(folder, "copied.db")];
  const far = await open(join(folder, "far.db"), topic, []);
  const peers = [await far.address()];
  const before = await open(original, topic, peers);
  await before.ask({ do: "append", id: "before" });
  await untilEqual([before, far]);
  await before.close();
  copyFileSync(original, copied);

  const [a, b] = await Promise.all([open(original, topic, peers), open(copied, topic, peers)]);
  for (const [name, store] of Object.entries({ a, b, far })) await store.ask({ do: "append", id: name });
  await untilEqual([a, b, far]);
  expect((await far.ask<string[]>({ do: "events" })).sort()).toEqual(["a", "b", "before", "far"]);
});

test(
  "a file that was restored from a backup gets back what it had lost, and what is new there comes to the others",
  patient,
  async () => {
    const folder = temporaryFolder();
    const topic = newTopic();
    const [path, backup] = [join(folder, "store.db"), join(folder, "backup.db")];
    const far = await open(join(folder, "far.db"), topic, []);
    const peers = [await far.address()];
    const start = () => open(path, topic, peers);
    let store = await start();
    await store.ask({ do: "append", id: "early" });
    await untilEqual([store, far]);
    await store.close();
    copyFileSync(path, backup);
    store = await start();
    await store.ask({ do: "append", id: "late" });
    await store.ask({ do: "set", key: "late", value: 1 });
    await untilEqual([store, far]);
    await store.close();
    copyFileSync(backup, path);

    store = await start();
    await store.ask({ do: "append", id: "new" });
    await store.ask({ do: "set", key: "new", value: 1 });
    await untilEqual([store, far]);
    for (const one of [store, far]) {
      expect((await one.ask<string[]>({ do: "events" })).sort()).toEqual(["early", "late", "new"]);
      expect(await one.ask({ do: "keys" })).toEqual(["late", "new"]);
    }
    await store.ask({ do: "append", id: "newest" });
    await untilEqual([store, far]);
  },
);

test(
  "what a peer writes whose clock is an hour ahead is not taken, and told, and nothing else breaks",
  patient,
  async () => {
    const folder = temporaryFolder();
    const topic = newTopic();
    const near = await open(join(folder, "near.db"), topic, []);
    const peers = [await near.address()];
    const other = await open(join(folder, "other.db"), topic, peers);
    const path = join(folder, "ahead.db");
    const ahead = await open(path, topic, peers, {
      modules: [join(import.meta.dirname, "processes", "hour-ahead.ts")],
    });
    await ahead.ask({ do: "set", key: "ahead", value: 1 });
    await expect.poll(() => near.told, wait).toContain("clock-skew");
    await other.ask({ do: "set", key: "other", value: 1 });
    await near.ask({ do: "set", key: "near", value: 1 });
    for (const store of [near, other])
      await expect.poll(() => store.ask({ do: "keys" }), wait).toEqual(["near", "other"]);
    await expect.poll(() => ahead.ask({ do: "keys" }), wait).toEqual(["ahead", "near", "other"]);
  },
);
