import type { PersistAdapter, Scope } from "../contract.ts";
import { fourMethods } from "../four-methods.ts";
import { checkOptionNames, storeOptionNames } from "../option-names.ts";
import { createMemoryEngine } from "./engine.ts";
import { createState, type State } from "./state.ts";

/**
 * Keeps everything in this process. Stores that are opened on the same adapter see the same data, and it outlives them; it is gone with the adapter.
 */
export function memory(): PersistAdapter {
  const states = new Map<string, State>();
  const engine = async ({ name, namespace }: Scope) => {
    const id = `${name}/${namespace}`;
    const state = states.get(id) ?? createState();
    states.set(id, state);
    return createMemoryEngine(state);
  };
  return { ...fourMethods(engine), engine };
}

/** As `createStore({ adapter: "memory" })` opens it: one of its own for each store. It has no options. */
export function namedMemory(options: object): PersistAdapter {
  checkOptionNames('createStore with the adapter "memory"', options, storeOptionNames);
  return memory();
}
