import type { Capabilities } from "./api/capabilities.ts";
import type { Store } from "./api/store.ts";
import { beginCall, watch } from "./calls.ts";
import type { PersistAdapter, Scope } from "./contract.ts";
import { PersistError } from "./errors.ts";
import { checkName } from "./keys.ts";
import { openEngine } from "./open-engine.ts";
import { checkOptionNames, storeOptionNames } from "./option-names.ts";
import type { CreateStoreOptions, StoreOptions } from "./options.ts";
import { resolveAdapter } from "./resolve.ts";
import { createStoreOver } from "./store.ts";

const fourMethods = ["get", "put", "delete", "list"] as const;

/**
 * Opens a store.
 *
 * `adapter` is an adapter itself, or the name of one: it is found when its package has been imported, and the adapters of Persist itself also when their package
 * is only installed. Without `adapter` it is SQLite. The other options are the adapter's.
 *
 * @throws {PersistError} `INVALID_ARGUMENT` (with what was meant), `ADAPTER_NOT_FOUND` (with the line that installs it), `UNSUPPORTED` (what `require` asks for is not
 * there), `TIMEOUT` (the backend has not answered for 30 seconds; what opens after that is closed again), and what the backend has to say.
 */
export function createStore(options: CreateStoreOptions): Promise<Store> {
  return inTime(openStore(options));
}

async function openStore(options: CreateStoreOptions): Promise<Store> {
  const { name, namespace = "", clock, require } = checkOptions(options);
  const named = typeof options.adapter === "object" ? undefined : (options.adapter ?? "sqlite");
  const adapter = named === undefined ? checkAdapter(options) : await openNamed(named, options);
  try {
    const scope: Scope = { name, namespace };
    const engine = await openEngine(adapter, scope);
    try {
      if (require !== undefined) checkRequired(require, engine.capabilities, engine.adapter);
    } catch (error) {
      await engine.close();
      throw error;
    }
    return createStoreOver({
      name,
      namespace,
      engine,
      openScope: (other) => openEngine(adapter, other),
      now: clock === undefined ? (engine.clock?.bind(engine) ?? Date.now) : () => Math.floor(clock()),
      closeAdapter: () => closeOwned(named, adapter),
    });
  } catch (error) {
    await closeOwned(named, adapter);
    throw error;
  }
}

/** In milliseconds. Opening may have to recover, or to wait for somebody who migrates; a backend that says nothing for so long says nothing at all. */
const patience = 5 * 60_000;

function inTime(opening: Promise<Store>): Promise<Store> {
  return new Promise((resolve, reject) => {
    const call = beginCall("createStore", undefined, { timeout: patience });
    const giveUp = () => {
      reject(
        new PersistError(
          "TIMEOUT",
          `createStore: the backend has not answered for ${patience / 60_000} minutes. Check that it can be reached, and open the store again.`,
          { operation: call.operation },
        ),
      );
      opening.then((store) => store.close()).catch(() => undefined); // nobody has it
    };
    const stop = watch(call, () => ({ outcome: "not-applied" }), giveUp);
    opening.then(resolve, reject).finally(stop);
  });
}

/** An adapter that was opened by name ends with the store, and so does one of four methods; one with an engine may serve several stores and is its owner's to end. */
async function closeOwned(named: string | undefined, adapter: PersistAdapter): Promise<void> {
  if (named !== undefined || adapter.engine === undefined) await adapter.close?.();
}

function checkOptions(options: StoreOptions): StoreOptions {
  if (typeof options !== "object" || options === null) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      'createStore takes its options as an object: createStore({ name: "my-app" }).',
    );
  }
  checkName(options.name, "store's name");
  if (options.namespace !== undefined) checkName(options.namespace, "namespace");
  if (options.clock !== undefined && typeof options.clock !== "function") {
    throw new PersistError(
      "INVALID_ARGUMENT",
      "createStore: clock must be a function that returns milliseconds since the epoch.",
    );
  }
  return options;
}

async function openNamed(named: string, options: CreateStoreOptions): Promise<PersistAdapter> {
  const factory = await resolveAdapter(named);
  return factory({ ...options, adapter: named } as never);
}

/** An adapter that was passed itself takes no options here: it has got its own. */
function checkAdapter(options: CreateStoreOptions): PersistAdapter {
  const adapter = options.adapter as PersistAdapter;
  const missing =
    adapter === null ? fourMethods : fourMethods.filter((method) => typeof adapter[method] !== "function");
  if (missing.length > 0) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `createStore: the adapter lacks ${missing.join(", ")}. An adapter has the four methods get, put, delete and list.`,
    );
  }
  checkOptionNames("createStore with an adapter of your own", options, storeOptionNames);
  return adapter;
}

type Ranks = { readonly [C in keyof Omit<Capabilities, "limits">]: readonly Capabilities[C][] };

const support = ["absent", "local", "emulated", "native"] as const;

/** From the least to the most. */
const ranks: Ranks = {
  transactions: support,
  conditions: support,
  watch: support,
  indexes: support,
  signedUrls: support,
  blobSnapshots: support,
  blobConditions: support,
  expectedVersion: support,
  order: ["local", "total"],
  isolation: ["local", "atomic", "serializable"],
  writers: ["process", "host", "network", "peers"],
  consistency: ["causal", "strong"],
  durability: ["unknown", "memory", "disk", "replicated"],
};

function checkRequired(required: Partial<Omit<Capabilities, "limits">>, present: Capabilities, adapter: string): void {
  checkOptionNames("createStore: require", required, Object.keys(ranks));
  for (const [name, wanted] of Object.entries(required)) {
    if (wanted === undefined) continue;
    const rank = ranks[name as keyof Ranks] as readonly string[];
    const has = present[name as keyof Ranks];
    if (!rank.includes(wanted)) {
      throw new PersistError(
        "INVALID_ARGUMENT",
        `createStore: require.${name} can be ${rank.map((r) => `"${r}"`).join(", ")}.`,
      );
    }
    if (rank.indexOf(has) >= rank.indexOf(wanted)) continue;
    throw new PersistError(
      "UNSUPPORTED",
      `createStore: ${name} must be at least "${wanted}", but the adapter "${adapter}" has "${has}".`,
      { adapter },
    );
  }
}
