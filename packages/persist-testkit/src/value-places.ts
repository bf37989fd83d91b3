/** Where values are stored, and by which operations, so that each promise about values is checked on each of them. */
import type { Store } from "@cuitty/persist-core";

export const places: readonly {
  name: string;
  write(store: Store, value: unknown): Promise<unknown>;
  read(store: Store): Promise<unknown>;
}[] = [
  {
    name: "kv",
    write: (store, value) => store.kv.set("k", value),
    read: (store) => store.kv.get("k"),
  },
  {
    name: "records",
    write: (store, value) => store.records.put("k", value),
    read: async (store) => (await store.records.get("k"))?.value,
  },
  {
    name: "events",
    write: (store, value) => store.events.append("k", { type: "t", data: value }),
    read: async (store) => (await store.events.read("k", { direction: "backward", limit: 1 }).toArray())[0]?.data,
  },
];

export const writers: readonly (readonly [name: string, write: (store: Store, value: unknown) => Promise<unknown>])[] =
  [
    ["records.put", (s, value) => s.records.put("k", value)],
    ["records.add", (s, value) => s.records.add(value)],
    ["records.insert", (s, value) => s.records.insert("k", value)],
    [
      "records.putMany",
      (s, value) =>
        s.records.putMany([
          ["a", 1],
          ["k", value],
        ]),
    ],
    ["kv.set", (s, value) => s.kv.set("k", value)],
    [
      "kv.setMany",
      (s, value) =>
        s.kv.setMany([
          ["a", 1],
          ["k", value],
        ]),
    ],
    ["events.append", (s, value) => s.events.append("k", { type: "t", data: value })],
  ];
