/** The indexes of a store: what declares them, what builds them, and what queries may use. */
import { type Call, guard } from "../calls.ts";
import type { MaybePromise } from "../contract.ts";
import type { LiveGate } from "../gate.ts";
import { type IndexSource, none } from "../query/indexes.ts";
import { createBuilder } from "./build.ts";
import { type CatalogCache, collectionOf, createCatalogCache } from "./catalog.ts";
import { type Declaration, declare, isDeclared } from "./declare.ts";
import { createIndexedGate } from "./indexed-gate.ts";

export interface Indexes {
  /** The gate that keeps them. */
  readonly gate: LiveGate;
  /** Those that queries may use. */
  readonly ready: IndexSource;
  /** Begins to make sure of the declaration, and answers what waits until all writers maintain it. What failed is tried again by whoever waits. */
  declare(declaration: Declaration): (call: Call) => MaybePromise<void>;
  /** What could not be built, in words; `undefined` where all is well. */
  trouble(call: Call): Promise<string | undefined>;
}

export function createIndexes(live: LiveGate): Indexes {
  const catalog = createCatalogCache(live);
  const builder = createBuilder(live, catalog);

  return {
    gate: createIndexedGate(live, catalog),

    ready: createReady(catalog),

    declare(declaration) {
      let isDone = false;
      let running: Promise<void> | undefined;
      const run = async () => {
        if (await declare(live, catalog, declaration)) builder.start(declaration.collection);
        isDone = true;
      };
      const start = () => {
        running ??= live.track(run()).finally(() => {
          running = undefined;
        });
        return running;
      };
      const known = catalog.cached();
      isDone = known !== undefined && isDeclared(known, declaration);
      if (!isDone) start().catch(() => undefined);
      return (call) => (isDone ? undefined : guard(start(), call, () => ({ outcome: "not-applied" })));
    },

    async trouble(call) {
      const { collections } = await catalog.refresh(call);
      for (const [collection, definitions] of collections) {
        const failed = definitions.find(({ state }) => state === "failed");
        if (failed !== undefined) {
          const [first, second] = failed.duplicates ?? [];
          return `The unique index "${failed.name}" of the collection "${collection}" could not be built: "${first}" and "${second}" have the same values.`;
        }
      }
      return undefined;
    },
  };
}

function createReady(catalog: CatalogCache): IndexSource {
  return {
    known(prefix) {
      const collection = collectionOf(prefix);
      const current = catalog.cached();
      if (collection === undefined) return none;
      return current && (current.ready.get(collection) ?? none);
    },
    fresh(prefix, call) {
      const collection = collectionOf(prefix);
      if (collection === undefined) return none;
      const current = catalog.refresh(call);
      if (current instanceof Promise) return current.then(({ ready }) => ready.get(collection) ?? none);
      return current.ready.get(collection) ?? none;
    },
  };
}
