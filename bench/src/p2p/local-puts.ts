/** What a write costs in a store that is replicated, by what it costs in one that is not: on the same engine, with the same durability. Nobody is connected. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "@cuitty/persist";
import type { Contender, ContenderKind, Durability } from "../contender.ts";
import type { Figure } from "../figure.ts";
import type { Pace } from "../interleave.ts";
import type { Operation } from "../operation.ts";
import { setInCrowds, setInTurn } from "../operations/set.ts";
import { run } from "../race.ts";
import type { SuiteOptions } from "../suite.ts";
import { openAlone, openPlain } from "./stores.ts";

const operations: readonly Operation[] = [setInTurn, setInCrowds];
/** Of the rates: what takes 1.3 times as long. */
const bar = { atLeast: 0.77 };

const facades = {
  "kv.set": ({ kv }: Store): Pick<Contender, "get" | "set" | "delete" | "list"> => ({
    get: (key) => kv.get(key),
    set: (key, value) => kv.set(key, value),
    delete: (key) => kv.delete(key),
    list: (prefix) => kv.list({ prefix }).toArray(),
  }),
  "records.put": ({ records }: Store): Pick<Contender, "get" | "set" | "delete" | "list"> => ({
    get: async (key) => (await records.get(key))?.value,
    set: (key, value) => records.put(key, value),
    delete: (key) => records.delete(key),
    list: (prefix) => records.list({ prefix }).toArray(),
  }),
};

export async function localPutFigures(
  pace: Pace,
  { folder, progress }: Pick<SuiteOptions, "folder" | "progress">,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [facade, view] of Object.entries(facades)) {
    for (const durability of ["relaxed", "full"] as const) {
      figures.push(
        ...(await run({
          contenders: [kindOf("p2p", openAlone, view), kindOf("sqlite", openPlain, view)],
          operations,
          durability,
          pace,
          async placeOf({ name }) {
            const place = join(folder, "puts", facade, durability, name);
            await mkdir(place, { recursive: true });
            return place;
          },
          barOf: () => bar,
          titleOf: ({ name }) => `${facade}, ${name.replace("set, ", "")} (${durability})`,
          progress,
        })),
      );
    }
  }
  return figures;
}

function kindOf(
  name: string,
  open: (path: string, durability: Durability) => Promise<Store>,
  view: (store: Store) => Pick<Contender, "get" | "set" | "delete" | "list">,
): ContenderKind {
  return {
    name,
    settings: { relaxed: "", full: "" },
    async open(place, durability) {
      const store = await open(join(place, "store.db"), durability);
      return { ...view(store), close: () => store.close() };
    },
  };
}
