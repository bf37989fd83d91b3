import { join } from "node:path";
import { open } from "lmdb";
import type { ContenderKind, Value } from "../contender.ts";

export const lmdb: ContenderKind = {
  name: "lmdb",
  settings: {
    relaxed: "overlappingSync: true (its default: a put resolves when it is committed, and is synced soon after)",
    full: "overlappingSync: false (a put resolves when it is synced)",
  },
  async open(folder, durability) {
    const db = open<Value, string>({ path: join(folder, "lmdb"), overlappingSync: durability === "relaxed" });
    return {
      get: (key) => db.get(key),
      set: (key, value) => db.put(key, value),
      delete: (key) => db.remove(key),
      list: (prefix) => Array.from(db.getRange({ start: prefix, end: `${prefix}\u{10ffff}` })),
      settle: async () => void (await db.flushed),
      close: () => db.close(),
    };
  },
};
