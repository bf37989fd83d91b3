import type { Capabilities } from "./api/capabilities.ts";
import type { Store } from "./api/store.ts";
import { createAttempts } from "./attempts.ts";
import type { Engine } from "./contract.ts";
import { parseDuration } from "./durations.ts";
import { createBlobs } from "./facades/blobs.ts";
import { createEvents } from "./facades/events.ts";
import { createKv } from "./facades/kv.ts";
import { createRecords } from "./facades/records.ts";
import { createLifecycle } from "./lifecycle.ts";
import { createLiveGate } from "./live-gate.ts";
import { checkOptionNames } from "./option-names.ts";
import { createTransactions } from "./transaction/run.ts";
import { createVersionSource } from "./versions.ts";

const defaultCloseTimeout = 10_000;

export interface StoreParts {
  readonly name: string;
  readonly engine: Engine;
  readonly now: () => number;
  /** Ends the adapter, after the engine. */
  readonly closeAdapter: () => Promise<void>;
}

/** The four facades over an engine that is open. */
export function createStoreOver({ name, engine, now, closeAdapter }: StoreParts): Store {
  const capabilities: Capabilities = Object.freeze({ ...engine.capabilities });
  const lifecycle = createLifecycle(name);
  const gate = createLiveGate(engine, { now, version: createVersionSource(), lifecycle });
  const attempts = createAttempts();

  const close: Store["close"] = async (o) => {
    if (o !== undefined) checkOptionNames("close", o, ["timeout"]);
    const timeout = o?.timeout === undefined ? defaultCloseTimeout : parseDuration(o.timeout, "timeout");
    await lifecycle.close(timeout, async () => {
      await engine.close();
      await closeAdapter();
    });
  };

  return {
    name,
    capabilities,
    records: createRecords(gate, attempts),
    kv: createKv(gate, attempts),
    blobs: createBlobs(gate, attempts),
    events: createEvents(gate),
    transaction: createTransactions(gate, attempts, lifecycle),
    raw<T>() {
      lifecycle.ensureOpen();
      return engine.raw() as T;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
