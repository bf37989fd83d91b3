import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import type { ContenderKind, Value } from "../contender.ts";

export const classicLevel: ContenderKind = {
  name: "classic-level",
  settings: {
    relaxed: "sync: false (its default)",
    full: "sync: true",
  },
  async open(folder, durability) {
    const db = new ClassicLevel<string, Value>(join(folder, "level"), { valueEncoding: "json" });
    await db.open();
    const sync = durability === "full";
    return {
      get: (key) => db.get(key),
      set: (key, value) => db.put(key, value, { sync }),
      delete: (key) => db.del(key, { sync }),
      async list(prefix) {
        const entries = await db.iterator({ gte: prefix, lt: `${prefix}\u{10ffff}` }).all();
        return entries.map(([key, value]) => ({ key, value }));
      },
      close: () => db.close(),
    };
  },
};
