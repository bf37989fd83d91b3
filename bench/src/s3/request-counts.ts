/** What an operation costs in requests, counted on a double that does nothing else. */
import { createStore, type Store } from "@cuitty/persist";
import "@cuitty/persist-s3";
import { createBucket } from "@cuitty/persist-servers";
import { startS3Double } from "@cuitty/persist-testkit/s3-double";
import { type Bar, type Figure, figureOf } from "../figure.ts";
import { content } from "../memory/content.js";

/** Each is done so many times, and the mean is told. */
const times = 20;
const large = 64 * 2 ** 20;

interface Cost {
  readonly what: string;
  readonly bar?: Bar;
  /** What must be there. `others` is a store of another process, as it were. */
  prepare?(store: Store, others: Store): Promise<unknown>;
  perform(store: Store, n: number): Promise<unknown>;
  readonly times?: number;
}

const numbers = Array.from({ length: times }, (_, n) => n);
const user = (n: number) => ({ name: `user ${n}`, city: `city ${n % 3}` });
const users = (store: Store) =>
  store.records.collection<ReturnType<typeof user>>("users", { indexes: { city: { on: "city" } } });
const event = (n: number) => ({ type: "counted", data: n });

const costs: readonly Cost[] = [
  { what: "kv.set of a new key", bar: { atMost: 1 }, perform: ({ kv }, n) => kv.set(`new-${n}`, n) },
  {
    what: "kv.set of a key that it has read or written",
    bar: { atMost: 1 },
    prepare: ({ kv }) => Promise.all(numbers.map((n) => kv.set(`known-${n}`, 0))),
    perform: ({ kv }, n) => kv.set(`known-${n}`, n),
  },
  {
    what: "kv.set of a key that is there and was never met",
    bar: { atMost: 3 },
    prepare: (_, { kv }) => Promise.all(numbers.map((n) => kv.set(`unknown-${n}`, 0))),
    perform: ({ kv }, n) => kv.set(`unknown-${n}`, n),
  },
  { what: "kv.get", bar: { atMost: 1 }, perform: ({ kv }, n) => kv.get(`new-${n}`) },
  { what: "kv.increment", perform: ({ kv }) => kv.increment("counter") },
  { what: "kv.delete", perform: ({ kv }, n) => kv.delete(`known-${n}`) },
  { what: "records.put without an index", perform: ({ records }, n) => records.put(`plain-${n}`, user(n)) },
  {
    what: "records.put with an index",
    prepare: (store) => ready(store),
    perform: (store, n) => users(store).put(`indexed-${n}`, user(n)),
  },
  { what: "records.get", perform: ({ records }, n) => records.get(`plain-${n}`) },
  {
    what: "query by an index",
    perform: (store) =>
      users(store)
        .list({ where: { city: "city 1" } })
        .toArray(),
  },
  { what: "events.append", perform: ({ events }, n) => events.append("stream", event(n)) },
  { what: "events.append to one stream each", perform: ({ events }, n) => events.append(`stream-${n}`, event(n)) },
  {
    what: "transaction that reads and writes 3 keys",
    perform: (store, n) =>
      store.transaction(async ({ kv }) => {
        for (const key of ["a", "b", "c"])
          await kv.set(`tx-${key}`, (((await kv.get(`tx-${key}`)) as number) ?? 0) + n);
      }),
  },
  {
    what: "blobs.put, 1 KB",
    bar: { atMost: 1 },
    perform: ({ blobs }, n) => blobs.put(`small-${n}`, new Uint8Array(1000)),
  },
  { what: "blobs.get, 1 KB", bar: { atMost: 1 }, perform: ({ blobs }, n) => read(blobs, `small-${n}`) },
  { what: "blobs.head", bar: { atMost: 1 }, perform: ({ blobs }, n) => blobs.head(`small-${n}`) },
  { what: "blobs.put, 64 MiB in parts of 8", times: 2, perform: ({ blobs }) => blobs.put("large", content(large)) },
  { what: "blobs.get, 64 MiB", times: 2, perform: ({ blobs }) => read(blobs, "large") },
  {
    what: "kv.keys, 1 000 of them",
    bar: { atMost: 1 },
    times: 2,
    prepare: ({ kv }) => inGroups(Array.from({ length: 1000 }, (_, n) => () => kv.set(`listed/${1000 + n}`, n))),
    perform: ({ kv }) => kv.keys({ prefix: "listed/", batchSize: 1000 }).toArray(),
  },
  {
    what: "kv.list, 1 000 entries",
    times: 2,
    perform: ({ kv }) => kv.list({ prefix: "listed/", batchSize: 1000 }).toArray(),
  },
];

/** Twenty at once. */
async function inGroups(calls: readonly (() => Promise<unknown>)[]): Promise<void> {
  const left = calls.values();
  const worker = async () => {
    for (const call of left) await call();
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}

async function read(blobs: Store["blobs"], key: string): Promise<void> {
  for await (const _ of (await blobs.get(key))?.body ?? []);
}

/** Has the index built, which takes requests of its own. */
async function ready(store: Store): Promise<void> {
  const collection = users(store);
  const query = { where: { city: "city 1" } };
  while ((await collection.explain(query)).plan !== "index") await new Promise((resolve) => setTimeout(resolve, 20));
}

export async function requestFigures(feed: boolean): Promise<Figure[]> {
  await using double = await startS3Double();
  const { endpoint, region, credentials, bucket } = await createBucket(double);
  const open = () => createStore({ name: "bench", adapter: "s3", endpoint, region, credentials, bucket, feed });
  await using store = await open();
  await using others = await open();
  // Who opens a store sweeps it once, with the first write.
  await Promise.all([store.kv.set("first", 1), others.kv.set("second", 2)]);
  const figures: Figure[] = [];
  for (const { what, bar, prepare, perform, times: often = times } of costs) {
    await prepare?.(store, others);
    await quiet(double.requests.count);
    const before = double.requests.counts();
    for (let n = 0; n < often; n++) await perform(store, n);
    await quiet(double.requests.count);
    const spent = Object.entries(double.requests.counts()).flatMap(([operation, count]) => {
      const share = (count - (before[operation as keyof typeof before] ?? 0)) / often;
      return share === 0 ? [] : [[operation, share] as const];
    });
    const total = spent.reduce((sum, [, share]) => sum + share, 0);
    const kinds = spent.map(([operation, share]) => `${Number(share.toFixed(2))} ${operation}`).join(", ");
    const facts = {
      what: feed ? `${what} (feed: true)` : what,
      against: "",
      unit: "requests",
      orientation: { kinds },
    } as const;
    figures.push(figureOf([total], bar === undefined || feed ? facts : { ...facts, bar }));
  }
  return figures;
}

/** What comes after an answer (heads, checkpoints) is part of the cost. */
async function quiet(count: () => number): Promise<void> {
  for (let before = -1; before !== count(); ) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
