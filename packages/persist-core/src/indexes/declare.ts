/** Declaring indexes: the definitions go into the catalog, and from that commit on all writers maintain them. */
import { beginCall, type Call } from "../calls.ts";
import { foundBy } from "../conflicts.ts";
import type { Gate } from "../gate.ts";
import { type Catalog, type CatalogCache, catalogPut, type IndexDefinition } from "./catalog.ts";
import { entriesOf } from "./entries.ts";
import { hasTuple } from "./tuples.ts";
import { walkPut } from "./walks.ts";

export interface Declaration {
  readonly collection: string;
  readonly indexes: readonly DeclaredIndex[];
}

export type DeclaredIndex = Pick<IndexDefinition, "name" | "paths" | "unique">;

/** Makes sure of the declaration. Answers whether there is something to build. */
export async function declare(live: Gate, catalog: CatalogCache, declaration: Declaration): Promise<boolean> {
  const { collection } = declaration;
  for (;;) {
    const call = beginCall("records.collection", undefined, undefined);
    const current = await catalog.refresh(call);
    const definitions = await definitionsAfter(live, current, declaration, call);
    if (definitions === undefined) return isBuilding(current, collection);
    const next = new Map(current.collections).set(collection, definitions);
    try {
      // The walk starts anew: its place says nothing of an index that was not there.
      await live.commit(
        [catalogPut(current, next, live.version()), walkPut(collection, undefined, live.version())],
        call,
      );
      return true;
    } catch (error) {
      if (foundBy(error) === undefined) throw error; // else somebody else has declared something meanwhile
    }
  }
}

/** Whether the catalog says already what the declaration would make it say. */
export function isDeclared(current: Catalog, { collection, indexes }: Declaration): boolean {
  const present = current.collections.get(collection) ?? [];
  return indexes.every((declared) =>
    present.some((definition) => isSame(definition, declared) && definition.state === "ready"),
  );
}

function isBuilding(current: Catalog, collection: string): boolean {
  return current.collections.get(collection)?.some(({ state }) => state === "building") === true;
}

/** All definitions of the collection, those that others have declared included; `undefined` where nothing changes. */
async function definitionsAfter(
  live: Gate,
  current: Catalog,
  { collection, indexes }: Declaration,
  call: Call,
): Promise<readonly IndexDefinition[] | undefined> {
  const definitions = new Map(current.collections.get(collection)?.map((one) => [one.name, one]));
  let changed = false;
  for (const declared of indexes) {
    const present = definitions.get(declared.name);
    const same = present !== undefined && isSame(present, declared);
    if (same && (present.state !== "failed" || (await areDuplicates(live, collection, present, call)))) continue;
    const id = same ? present.id : `${collection}/${declared.name}/${live.version()}`;
    definitions.set(declared.name, { ...declared, id, state: "building" });
    changed = true;
  }
  return changed ? [...definitions.values()] : undefined;
}

function isSame(definition: DeclaredIndex, declared: DeclaredIndex): boolean {
  return (
    definition.name === declared.name &&
    definition.unique === declared.unique &&
    definition.paths.length === declared.paths.length &&
    definition.paths.every((path, i) => path === declared.paths[i])
  );
}

/** Whether the records for which the index failed still have the same values: then it would fail again. */
async function areDuplicates(
  live: Gate,
  collection: string,
  definition: IndexDefinition,
  call: Call,
): Promise<boolean> {
  const keys = definition.duplicates?.map((key) => `${collection}/${key}`) ?? [];
  const rows = await live.read("records", keys, call);
  const [first, second] = rows.map((row) => (row === undefined ? undefined : entriesOf([definition], row.value)[0]));
  return first !== undefined && second !== undefined && hasTuple(second, first);
}
