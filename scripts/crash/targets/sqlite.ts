import { join } from "node:path";
import { createStore } from "@cuitty/persist-core";
import "@cuitty/persist-sqlite";
import { createPlaceOnDisk } from "../place-on-disk.ts";
import type { Target } from "../target.ts";

/** The part of better-sqlite3's database that is used here. */
interface Database {
  pragma(source: string): readonly Record<string, unknown>[];
}

export const target: Target = {
  createPlace: () => createPlaceOnDisk("sqlite"),
  open: (location) => createStore({ name: "crash", adapter: "sqlite", path: join(location, "crash.db") }),
  inspect(store) {
    const db = store.raw<Database>();
    const [result] = db.pragma("integrity_check(1)");
    const answer = String(result?.integrity_check);
    return answer === "ok" ? [] : [`PRAGMA integrity_check: ${answer}`];
  },
};
