/** Somewhere to store, of which a clause may open several stores, one after the other or side by side. */
import { createStore, type PersistAdapter, type Store } from "@cuitty/persist-core";
import { Skip } from "./clause.ts";
import type { Clock } from "./clock.ts";
import type { Harness } from "./harness.ts";

export interface OpenOptions {
  readonly name?: string;
  readonly namespace?: string;
  /** Default: that of the clause. */
  readonly clock?: Clock;
}

export interface Place {
  readonly id: string;
  /** A store on what is stored here. */
  open(o?: OpenOptions): Promise<Store>;
  /** A second store beside those that are open, where the backend allows it: through an adapter of its own, as another process would have it. */
  openBeside(o?: OpenOptions): Promise<Store>;
  /** Waits until all that is open here has heard of all that was written, where that takes time. */
  settle(): Promise<void>;
  /** From here on none of those that are open here hears of the others, until {@link settle}. */
  part(): Promise<void>;
  /** An adapter on what is stored here. */
  adapter(): Promise<PersistAdapter>;
  /** Ends all that is open here. What was stored stays. */
  close(): Promise<void>;
  /** Ends it without its having a say. */
  crash(): Promise<void>;
  /** {@link close}, and frees the place. Once. */
  end(): Promise<void>;
}

export const storeName = "kit";

export function createPlace(harness: Harness, id: string, clock: Clock): Place {
  let stores: Store[] = [];
  /** Those that no store ends. */
  let adapters: PersistAdapter[] = [];
  /** Serves any number of stores. */
  let serving: PersistAdapter | undefined;
  let opened = false;
  let ended = false;

  const openAdapter = async () => {
    if (opened && harness.reopens === false) throw new Skip("the harness cannot open the same data again");
    opened = true;
    const adapter = await harness.open(id);
    adapters.push(adapter);
    return adapter;
  };

  const openStore = async (adapter: PersistAdapter, o: OpenOptions) => {
    if (adapter.engine === undefined) adapters = adapters.filter((other) => other !== adapter);
    const { name = storeName, namespace, clock: { now } = clock } = o;
    const scope = namespace === undefined ? { name } : { name, namespace };
    const store = await createStore({ ...scope, adapter, clock: now });
    stores.push(store);
    return store;
  };

  const close = async () => {
    const open = { stores, adapters };
    stores = [];
    adapters = [];
    serving = undefined;
    for (const store of open.stores.reverse()) await store.close();
    for (const adapter of open.adapters.reverse()) await adapter.close?.();
  };

  return {
    id,
    async open(o = {}) {
      const adapter = serving ?? (await openAdapter());
      if (adapter.engine !== undefined) serving = adapter;
      return openStore(adapter, o);
    },
    async openBeside(o = {}) {
      const writers = stores[0]?.capabilities.writers;
      if (writers !== "process") return openStore(await openAdapter(), o);
      if (serving === undefined)
        throw new Skip('one store at a time (writers is "process", without an engine of its own)');
      return openStore(serving, o);
    },
    settle: async () => harness.settle?.(id),
    part: async () => harness.part?.(id),
    adapter: openAdapter,
    close,
    async crash() {
      if (harness.crash === undefined) throw new Skip("the harness has no crash");
      await harness.crash(id);
      stores = [];
      adapters = [];
      serving = undefined;
    },
    async end() {
      if (ended) return;
      ended = true;
      try {
        await close();
      } finally {
        await harness.destroy?.(id);
      }
    },
  };
}
