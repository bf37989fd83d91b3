/** Every operation of the surface in a form that a table can call: with a key and options that are otherwise valid. */
import type { Store } from "@cuitty/persist-core";

export interface Operation {
  /** As messages name it: `kv.get`. */
  readonly name: string;
  /** For the keys of clauses: `kv-get-entry`. */
  readonly slug: string;
  /** Whether `key` is one that the operation gets. */
  readonly takesKey: boolean;
  /** Whether it takes `signal` and `timeout`. */
  readonly takesOptions: boolean;
  readonly writes: boolean;
  run(store: Store, key: string, o?: object): unknown;
}

type Call = Operation["run"];

const keyed = (name: string, run: Call, about: Partial<Operation> = {}): Operation => ({
  name,
  slug: slugOf(name),
  takesKey: true,
  takesOptions: true,
  writes: false,
  run,
  ...about,
});
const pairs = (key: string): [string, number][] => [
  ["a", 1],
  [key, 1],
];
const writer = (name: string, run: Call) => keyed(name, run, { writes: true });
const unkeyed = (name: string, run: Call, writes = false) => keyed(name, run, { takesKey: false, writes });

export const operations: readonly Operation[] = [
  keyed("records.get", (s, key, o) => s.records.get(key, o)),
  keyed("records.getMany", (s, key, o) => s.records.getMany(["a", key], o)),
  keyed("records.has", (s, key, o) => s.records.has(key, o)),
  writer("records.put", (s, key, o) => s.records.put(key, 1, o)),
  unkeyed("records.add", (s, _, o) => s.records.add(1, o), true),
  writer("records.insert", (s, key, o) => s.records.insert(key, 1, o)),
  writer("records.putMany", (s, key, o) => s.records.putMany(pairs(key), o)),
  writer("records.update", (s, key, o) => s.records.update(key, () => 1, o)),
  writer("records.delete", (s, key, o) => s.records.delete(key, o)),
  unkeyed("records.list", (s, _, o) => s.records.list(o).toArray()),
  unkeyed("records.clear", (s, _, o) => s.records.clear({ all: true }, o), true),
  keyed("records.conflicts", (s, key, o) => s.records.conflicts(key, o)),
  keyed("kv.get", (s, key, o) => s.kv.get(key, o)),
  keyed("kv.getEntry", (s, key, o) => s.kv.getEntry(key, o)),
  keyed("kv.getMany", (s, key, o) => s.kv.getMany(["a", key], o)),
  keyed("kv.has", (s, key, o) => s.kv.has(key, o)),
  writer("kv.set", (s, key, o) => s.kv.set(key, 1, o)),
  writer("kv.setMany", (s, key, o) => s.kv.setMany(pairs(key), o)),
  writer("kv.update", (s, key, o) => s.kv.update(key, () => 1, o)),
  writer("kv.increment", (s, key, o) => s.kv.increment(key, 1, o)),
  writer("kv.touch", (s, key, o) => s.kv.touch(key, "1h", o)),
  writer("kv.delete", (s, key, o) => s.kv.delete(key, o)),
  unkeyed("kv.list", (s, _, o) => s.kv.list(o).toArray()),
  unkeyed("kv.keys", (s, _, o) => s.kv.keys(o).toArray()),
  unkeyed("kv.clear", (s, _, o) => s.kv.clear({ all: true }, o), true),
  writer("blobs.put", (s, key, o) => s.blobs.put(key, "content", o)),
  keyed("blobs.get", (s, key, o) => s.blobs.get(key, o)),
  keyed("blobs.head", (s, key, o) => s.blobs.head(key, o)),
  keyed("blobs.has", (s, key, o) => s.blobs.has(key, o)),
  writer("blobs.delete", (s, key, o) => s.blobs.delete(key, o)),
  writer("blobs.copy", (s, key, o) => s.blobs.copy(key, "b", o)),
  writer("blobs.move", (s, key, o) => s.blobs.move(key, "b", o)),
  writer("blobs.createUpload", (s, key, o) => s.blobs.createUpload(key, o)),
  keyed("blobs.verify", (s, key, o) => s.blobs.verify(key, o)),
  keyed("blobs.url", (s, key) => s.blobs.url(key), { takesOptions: false }),
  unkeyed("blobs.list", (s, _, o) => s.blobs.list(o).toArray()),
  unkeyed("blobs.clear", (s, _, o) => s.blobs.clear({ all: true }, o), true),
  writer("events.append", (s, key, o) => s.events.append(key, { type: "t", data: 1 }, o)),
  keyed("events.read", (s, key, o) => s.events.read(key, o).toArray()),
  keyed("events.head", (s, key, o) => s.events.head(key, o)),
  keyed("events.fold", (s, key, o) => s.events.fold(key, 0, (n) => n + 1, o)),
  writer("events.truncate", (s, key, o) => s.events.truncate(key, 1, o)),
  writer("events.deleteStream", (s, key, o) => s.events.deleteStream(key, o)),
  unkeyed("events.readAll", (s, _, o) => s.events.readAll(o).toArray()),
  unkeyed("events.streams", (s, _, o) => s.events.streams(o).toArray()),
  unkeyed("digest", (s, _, o) => s.digest(o)),
  unkeyed("transaction", (s, _, o) => s.transaction(async (tx) => tx.kv.set("a", 1), o), true),
];

function slugOf(name: string): string {
  return name.replace(".", "-").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
