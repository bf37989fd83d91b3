import type { Engine } from "../src/contract.ts";
import { createMemoryEngine } from "../src/memory/engine.ts";
import { createState } from "../src/memory/state.ts";
import { createStoreOver } from "../src/store.ts";

/** A store over the memory engine, of which some verbs are replaced. */
export function storeOver(replace: (engine: Engine) => Partial<Engine> = () => ({})) {
  const engine = createMemoryEngine(createState());
  const store = createStoreOver({
    name: "test",
    engine: { ...engine, ...replace(engine) },
    namespace: "",
    openScope: async () => createMemoryEngine(createState()),
    now: Date.now,
    closeAdapter: async () => undefined,
  });
  return { store, engine };
}

/** A promise and its ends. */
export function gateway() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
