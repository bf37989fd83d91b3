/** What indexes are tried on: where the same data can be opened again. */
import type { Store } from "../../src/api/store.ts";
import type { Engine } from "../../src/contract.ts";
import { lift } from "../../src/lift/engine.ts";
import { createMemoryEngine } from "../../src/memory/engine.ts";
import { createState } from "../../src/memory/state.ts";
import { createStoreOver } from "../../src/store.ts";
import { bareAdapter, type Stored } from "../lift/adapters.ts";

export const backends: readonly [name: string, create: () => () => Promise<Engine>][] = [
  [
    "memory",
    () => {
      const state = createState();
      return async () => createMemoryEngine(state);
    },
  ],
  [
    "four methods",
    () => {
      const stored: Stored = new Map();
      return () => lift(bareAdapter(stored), { name: "test", namespace: "" });
    },
  ],
];

export function storeOn(engine: Engine): Store {
  return createStoreOver({
    name: "test",
    namespace: "",
    engine,
    openScope: async () => engine,
    now: Date.now,
    closeAdapter: async () => undefined,
  });
}
