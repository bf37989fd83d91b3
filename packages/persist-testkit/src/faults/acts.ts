/** What is done while calls fail: each of the four facades, and transactions over all of them. */
import type { OpOptions, Store } from "@cuitty/persist-core";
import { equal } from "../assertions.ts";
import type { Clock } from "../clock.ts";
import { bytesOf } from "../content.ts";

/** All that is stored, in the plainest form. */
export interface Stored {
  readonly kv: Map<string, unknown>;
  readonly records: Map<string, unknown>;
  /** Sizes and first bytes. */
  readonly blobs: Map<string, string>;
  readonly events: [stream: string, id: string, version: number][];
}

export interface Act {
  readonly name: string;
  run(store: Store, o: OpOptions): Promise<unknown>;
  /** What it changes. Left out where it only reads. */
  change?(stored: Stored): void;
  /** The version that stands where it wrote. */
  version?(store: Store): Promise<string | undefined>;
}

/** Acts of one step are done at once, and touch different things. */
export type Step = readonly Act[] | ((clock: Clock) => void);

const setting = (key: string, value: unknown, o: { ttl?: number; ifNoneMatch?: "*" } = {}): Act => ({
  name: `kv.set ${key}`,
  run: (store, options) => store.kv.set(key, value, { ...o, ...options }),
  change: ({ kv }) => void kv.set(key, value),
  version: async (store) => (await store.kv.getEntry(key))?.version,
});

const putting = (key: string, size: number): Act => ({
  name: `blobs.put ${key}, ${size} bytes`,
  run: (store, o) => store.blobs.put(key, bytesOf(size, size), o),
  change: ({ blobs }) => void blobs.set(key, glance(bytesOf(size, size))),
});

const appending = (stream: string, ids: readonly string[], o: { expectedVersion?: number } = {}): Act => ({
  name: `events.append ${stream} ${ids}`,
  run: (store, options) =>
    store.events.append(
      stream,
      ids.map((id) => ({ type: "t", data: id, id })),
      { ...o, ...options },
    ),
  change: ({ events }) => {
    const before = events.filter(([name]) => name === stream);
    if (before.some(([, id]) => id === ids[0])) return;
    for (const [i, id] of ids.entries()) events.push([stream, id, before.length + i + 1]);
  },
});

const removing = (key: string): Act => ({
  name: `kv.delete ${key}`,
  run: (store, o) => store.kv.delete(key, o),
  change: ({ kv }) => void kv.delete(key),
});

export const steps: readonly Step[] = [
  [setting("a", 1)],
  [setting("lives", "short", { ttl: 1000 }), setting("b", { deep: [1, "é"] })],
  [
    {
      name: "records.insert r1",
      run: (store, o) => store.records.insert("r1", { n: 1 }, o),
      change: ({ records }) => void records.set("r1", { n: 1 }),
      version: async (store) => (await store.records.get("r1"))?.version,
    },
  ],
  [
    {
      name: "records.update r1",
      run: (store, o) => store.records.update("r1", { m: 2 }, o),
      change: ({ records }) => void records.set("r1", { n: 1, m: 2 }),
    },
  ],
  [putting("f", 300_000)],
  [appending("s", ["e1", "e2"])],
  [
    setting("c", "c"),
    {
      name: "kv.increment n",
      run: (store, o) => store.kv.increment("n", 5, o),
      change: ({ kv }) => void kv.set("n", ((kv.get("n") as number | undefined) ?? 0) + 5),
    },
    {
      name: "records.putMany r2 r3",
      run: (store, o) => store.records.putMany([["r2", [2]] as const, ["r3", [3]] as const], o),
      change({ records }) {
        records.set("r2", [2]);
        records.set("r3", [3]);
      },
    },
    appending("t", ["e3"], { expectedVersion: 0 }),
    removing("b"),
  ],
  (clock) => clock.advance(1000),
  [setting("lives", "again", { ifNoneMatch: "*" })],
  [
    {
      name: "a transaction over all facades",
      run: (store, o) =>
        store.transaction(async (tx) => {
          const record = await tx.records.get<{ n: number }>("r1");
          await tx.records.put("r1", { n: (record?.value.n ?? 0) + 1 });
          await tx.kv.increment("n", 1);
          await tx.kv.delete("a");
          await tx.events.append("s", { type: "t", data: 1, id: "e4" });
          await tx.blobs.put("g", bytesOf(1000, 1000));
          await tx.records.delete("r2");
        }, o),
      change({ records, kv, events, blobs }) {
        records.set("r1", { n: 2 });
        records.delete("r2");
        kv.set("n", (kv.get("n") as number) + 1);
        kv.delete("a");
        events.push(["s", "e4", 3]);
        blobs.set("g", glance(bytesOf(1000, 1000)));
      },
    },
  ],
  [
    {
      name: "a transaction that appends again what stands there, and deletes",
      run: (store, o) =>
        store.transaction(async (tx) => {
          await tx.events.append("s", { type: "t", data: "e1", id: "e1" });
          await tx.kv.delete("c");
        }, o),
      change: ({ kv }) => void kv.delete("c"),
    },
  ],
  [
    {
      name: "reads of everything",
      async run(store, o) {
        equal((await store.records.get("r1", o))?.value, { n: 2 }, "the record");
        equal(await store.kv.keys(o).toArray(), ["lives", "n"], "the keys");
        equal((await (await store.blobs.get("f", o))?.bytes())?.length, 300_000, "the size of the blob");
        equal((await store.events.read("s", o).toArray()).length, 3, "the number of events");
      },
    },
  ],
  [putting("f", 10)],
  [appending("s", ["e1", "e2"])],
  [
    {
      name: "records.put r1 by its version",
      async run(store, o) {
        const version = (await store.records.get("r1", o))?.version;
        return store.records.put("r1", "last", version === undefined ? o : { ifMatch: version, ...o });
      },
      change: ({ records }) => void records.set("r1", "last"),
      version: async (store) => (await store.records.get("r1"))?.version,
    },
    removing("n"),
    {
      name: "blobs.delete g",
      run: (store, o) => store.blobs.delete("g", o),
      change: ({ blobs }) => void blobs.delete("g"),
    },
  ],
];

export function glance(bytes: Uint8Array): string {
  return `${bytes.length} bytes: ${bytes.subarray(0, 8)}`;
}

export async function lookAtAll(store: Store): Promise<Stored> {
  const blobs = new Map<string, string>();
  for await (const { key } of store.blobs.list()) {
    blobs.set(key, glance((await (await store.blobs.get(key))?.bytes()) ?? new Uint8Array()));
  }
  const kv = await store.kv.list().toArray();
  const records = await store.records.list().toArray();
  const events = await store.events.readAll().toArray();
  return {
    kv: new Map(kv.map(({ key, value }) => [key, value])),
    records: new Map(records.map(({ key, value }) => [key, value])),
    blobs,
    events: events.map(({ stream, id, version }) => [stream, id, version]),
  };
}
