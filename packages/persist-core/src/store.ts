import type { Capabilities } from "./api/capabilities.ts";
import type { Store } from "./api/store.ts";
import { createAttempts } from "./attempts.ts";
import { createBindings } from "./bindings.ts";
import { createConsumers } from "./consumers/consume.ts";
import type { Engine, Scope } from "./contract.ts";
import { createDigest } from "./digest.ts";
import { parseDuration } from "./durations.ts";
import { createBlobs, showInfo } from "./facades/blobs.ts";
import { createCollections } from "./facades/collections.ts";
import { createEvents } from "./facades/events.ts";
import { createKv, showValue } from "./facades/kv.ts";
import { createRecords, showRecord } from "./facades/records.ts";
import { createAllChanges } from "./feed/all-changes.ts";
import { createHealth } from "./health.ts";
import { createIndexes } from "./indexes/indexes.ts";
import { checkName } from "./keys.ts";
import { createLazyEngine } from "./lazy-engine.ts";
import { createLifecycle } from "./lifecycle.ts";
import { createLiveGate } from "./live-gate.ts";
import { checkOptionNames } from "./option-names.ts";
import { createStats } from "./stats.ts";
import { createTransactions } from "./transaction/run.ts";
import { createVersionSource } from "./versions.ts";

const defaultCloseTimeout = 10_000;

export interface StoreParts {
  readonly name: string;
  /** `""` for the store itself. */
  readonly namespace: string;
  readonly engine: Engine;
  /** Opens another scope of the same adapter. */
  readonly openScope: (scope: Scope) => Promise<Engine>;
  readonly now: () => number;
  /** Ends the adapter, after the engine. */
  readonly closeAdapter: () => Promise<void>;
}

/** The four facades over an engine that is open. */
export function createStoreOver(parts: StoreParts): Store {
  const { name, namespace, engine, now, openScope, closeAdapter } = parts;
  const capabilities: Capabilities = Object.freeze({ ...engine.capabilities });
  const lifecycle = createLifecycle(name);
  const indexes = createIndexes(createLiveGate(engine, { now, version: createVersionSource(), lifecycle }));
  const { gate } = indexes;
  const attempts = createAttempts();
  const bindings = createBindings();
  const transactions = createTransactions(gate, attempts, lifecycle, bindings);
  const namespaces = new Map<string, Store>();

  const close: Store["close"] = async (o) => {
    if (o !== undefined) checkOptionNames("close", o, ["timeout"]);
    const timeout = o?.timeout === undefined ? defaultCloseTimeout : parseDuration(o.timeout, "timeout");
    await lifecycle.close(timeout, async () => {
      for (const store of [...namespaces.values()]) await store.close(o);
      await engine.close();
      await closeAdapter();
    });
  };

  return {
    name,
    capabilities,
    records: createRecords({
      gate,
      attempts,
      scope: { indexes: indexes.ready },
      collection: createCollections({ gate, attempts, bindings, indexes }),
    }),
    kv: createKv(gate, attempts, bindings),
    blobs: createBlobs(gate, attempts),
    events: { ...createEvents(gate), consume: createConsumers({ gate, lifecycle, repeat: transactions.repeat }) },
    changes: createAllChanges(gate, { records: (row) => showRecord(row), kv: showValue, blobs: showInfo }),
    transaction: transactions.run,
    namespace(child) {
      lifecycle.ensureOpen();
      checkName(child, "namespace");
      const open = namespaces.get(child);
      if (open !== undefined) return open;
      const scope = { name, namespace: namespace === "" ? child : `${namespace}/${child}` };
      const store = createStoreOver({
        ...parts,
        namespace: scope.namespace,
        engine: createLazyEngine(engine, () => openScope(scope)),
        closeAdapter: async () => void namespaces.delete(child),
      });
      namespaces.set(child, store);
      return store;
    },
    digest: createDigest(gate),
    health: createHealth(indexes),
    stats: createStats(gate),
    raw<T>() {
      lifecycle.ensureOpen();
      return engine.raw() as T;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
