/**
 * The catalog: the definitions of all indexes of a scope, in one row of `system`. Every process keeps it in memory and checks its version with each commit that writes
 * records, so that nobody writes by an outdated one.
 */
import type { Call } from "../calls.ts";
import type { MaybePromise, PutOp, Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Gate } from "../gate.ts";

/**
 * `building`: maintained by all writers, but not yet complete. `ready`: queries may use it. `failed`: unique, and two records share a value, so it cannot be completed; it is
 * maintained as far as it goes.
 */
export type IndexState = "building" | "ready" | "failed";

export interface IndexDefinition {
  readonly name: string;
  /** The engine's name of it: another one for each definition ever made. */
  readonly id: string;
  readonly paths: readonly string[];
  readonly unique: boolean;
  readonly state: IndexState;
  /** Where it failed: two records with the same values. */
  readonly duplicates?: readonly [string, string] | undefined;
}

/** By the name of their collection. */
export type Definitions = ReadonlyMap<string, readonly IndexDefinition[]>;

export interface Catalog {
  /** Of its row; `null` where there is none. */
  readonly version: string | null;
  readonly collections: Definitions;
  /** Those that queries may use, by the name of their collection. */
  readonly ready: Definitions;
  readonly byId: ReadonlyMap<string, IndexDefinition>;
}

export interface CatalogCache {
  /** What this process knows of it; `undefined`: nothing yet. */
  cached(): Catalog | undefined;
  /** As far as this process knows, or else as it stands in the store. */
  known(call: Call): MaybePromise<Catalog>;
  /** As it stands in the store. */
  refresh(call: Call): MaybePromise<Catalog>;
  /** Remembers what the row of the catalog says. */
  note(row: Row | undefined): Catalog;
}

export const catalogKey = "indexes";

export function createCatalogCache(gate: Pick<Gate, "read">): CatalogCache {
  let cached: Catalog | undefined;

  const note = (row: Row | undefined): Catalog => {
    if (cached === undefined || cached.version !== (row?.version ?? null)) cached = parseCatalog(row, cached);
    return cached;
  };

  const refresh = (call: Call): MaybePromise<Catalog> => {
    const rows = gate.read("system", [catalogKey], call);
    return rows instanceof Promise ? rows.then(([row]) => note(row)) : note(rows[0]);
  };

  return { cached: () => cached, known: (call) => cached ?? refresh(call), refresh, note };
}

/** The write that makes these the definitions, where the catalog is still as it was. */
export function catalogPut(before: Catalog, collections: Definitions, version: string): PutOp {
  const stored = Object.fromEntries(
    Array.from(collections, ([collection, definitions]) => [
      collection,
      Object.fromEntries(
        definitions.map(({ name, id, paths, unique, state, duplicates }) => [
          name,
          { on: paths, unique, id, state, duplicates },
        ]),
      ),
    ]),
  );
  const value = JSON.stringify({ format, collections: stored });
  return { op: "put", space: "system", key: catalogKey, value, version, ifVersion: before.version };
}

/** The name of the collection that the key of a record belongs to, if it is one's. */
export function collectionOf(key: string): string | undefined {
  const end = key.indexOf("/");
  return end === -1 ? undefined : key.slice(0, end);
}

const format = 1;

type Stored = Record<string, Record<string, Omit<IndexDefinition, "name" | "paths"> & { on: readonly string[] }>>;

/** Definitions that have not changed are those from before: what is known of their paths is known by identity. */
function parseCatalog(row: Row | undefined, before: Catalog | undefined): Catalog {
  const collections = new Map<string, readonly IndexDefinition[]>();
  const ready = new Map<string, readonly IndexDefinition[]>();
  const byId = new Map<string, IndexDefinition>();
  for (const [collection, stored] of Object.entries(row === undefined ? {} : parseStored(row.value))) {
    const definitions = Object.entries(stored).map(([name, { on, ...rest }]): IndexDefinition => {
      const definition = { ...rest, name, paths: before?.byId.get(rest.id)?.paths ?? on };
      byId.set(definition.id, definition);
      return definition;
    });
    collections.set(collection, definitions);
    ready.set(
      collection,
      definitions.filter(({ state }) => state === "ready"),
    );
  }
  return { version: row?.version ?? null, collections, ready, byId };
}

function parseStored(value: string): Stored {
  let parsed: { format?: unknown; collections?: unknown } | undefined;
  try {
    parsed = JSON.parse(value);
  } catch {
    // Told below.
  }
  if (typeof parsed?.format !== "number" || typeof parsed.collections !== "object") {
    throw new PersistError("CORRUPT", "The catalog of indexes cannot be read. Restore the store from a backup.");
  }
  if (parsed.format <= format) return parsed.collections as Stored;
  throw new PersistError(
    "MIGRATION",
    `The catalog of indexes has format ${parsed.format}, and this version of Persist knows ${format}. Upgrade @cuitty/persist-core.`,
  );
}
