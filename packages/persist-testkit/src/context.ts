/** What a clause gets to work with. All that it opens is ended after it, also where it fails. */
import {
  createStore,
  type Engine,
  type EngineOptions,
  openEngine,
  type PersistAdapter,
  type Store,
} from "@cuitty/persist-core";
import { type CallLog, logCalls } from "./call-log.ts";
import { Absent, Skip } from "./clause.ts";
import { type Clock, createClock } from "./clock.ts";
import { createPlace, type Place, storeName } from "./place.ts";
import type { Session } from "./session.ts";

export interface Context extends Pick<Session, "harness" | "seed" | "budget"> {
  /** The clock of all stores that this clause opens. */
  readonly clock: Clock;
  /** An empty store. Each call opens another one. */
  store(): Promise<Store>;
  /** An empty store whose calls to its backend are written down. */
  watched(): Promise<Watched>;
  /** A place of its own, for clauses that open the same data more than once. */
  place(): Place;
  /** The engine of an empty scope: the adapter's own, or core's over its four methods. */
  engine(): Promise<Engine>;
  /** The options that core would pass to an engine now. */
  engineOptions(): EngineOptions;
  /** Ends the clause: it is about something that this adapter does not have, and need not have. */
  absent(reason: string): never;
  /** Ends the clause: it cannot be tried here. */
  skip(reason: string): never;
}

export interface Watched {
  readonly store: Store;
  /** What the backend has been asked since the store was opened. */
  readonly calls: CallLog;
}

export interface OpenContext {
  readonly context: Context;
  /** Ends all that was opened. */
  end(): Promise<void>;
}

export function createContext(session: Session): OpenContext {
  const { harness, seed, budget } = session;
  const clock = createClock();
  const endings: (() => Promise<void>)[] = [];

  const place = () => {
    const created = createPlace(harness, session.newId(), clock);
    endings.push(created.end);
    return created;
  };

  /** A store in a namespace of its own on the shared adapter, or in a place of its own. */
  const openStore = async (wrap: (adapter: PersistAdapter) => PersistAdapter): Promise<Store> => {
    let adapter = await session.shared();
    if (adapter === undefined) {
      const id = session.newId();
      adapter = await harness.open(id);
      const { engine, close } = adapter;
      endings.push(async () => {
        if (engine !== undefined) await close?.call(adapter);
        await harness.destroy?.(id);
      });
    }
    const namespace = session.newNamespace();
    const store = await createStore({ name: storeName, namespace, adapter: wrap(adapter), clock: clock.now });
    endings.push(() => store.close());
    return store;
  };

  const context: Context = {
    harness,
    seed,
    budget,
    clock,
    place,
    store: () => openStore((adapter) => adapter),
    async watched() {
      const calls: CallLog = [];
      const store = await openStore((adapter) => logCalls(adapter, calls));
      calls.length = 0;
      return { store, calls };
    },
    async engine() {
      const adapter = (await session.shared()) ?? (await place().adapter());
      const engine = await openEngine(adapter, { name: storeName, namespace: session.newNamespace() });
      endings.push(async () => engine.close());
      return engine;
    },
    engineOptions: () => ({ now: clock.now(), deadline: performance.now() + 30_000 }),
    absent(reason) {
      throw new Absent(reason);
    },
    skip(reason) {
      throw new Skip(reason);
    },
  };

  return {
    context,
    async end() {
      const errors: unknown[] = [];
      for (const ending of endings.reverse()) await ending().catch((error: unknown) => errors.push(error));
      if (errors.length > 0) throw errors[0];
    },
  };
}
