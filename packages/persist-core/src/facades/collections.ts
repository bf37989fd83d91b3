/** Collections: records under a prefix, with a form of their own and with indexes. */
import type { Records } from "../api/records.ts";
import type { Attempts } from "../attempts.ts";
import type { Bindings } from "../bindings.ts";
import { createCollectionGate } from "../collections/collection-gate.ts";
import type { Form } from "../collections/form.ts";
import { migrateDocument, versionSuffix } from "../collections/migrations.ts";
import { type ParsedCollection, parseCollection } from "../collections/options.ts";
import { validate } from "../collections/schemas.ts";
import { PersistError } from "../errors.ts";
import type { Gate, LiveGate } from "../gate.ts";
import type { Indexes } from "../indexes/indexes.ts";
import type { QueryScope } from "../query/queries.ts";
import { createRecordOps, createRecords } from "./records.ts";

export interface CollectionParts {
  readonly gate: LiveGate;
  readonly attempts: Attempts;
  readonly bindings: Bindings;
  readonly indexes: Indexes;
}

/** Makes `records.collection`. */
export function createCollections({ gate, attempts, bindings, indexes }: CollectionParts): Records["collection"] {
  return (name: string, o?: object): Records<never> => {
    const parsed = parseCollection(name, o);
    const declared =
      parsed.indexes.length === 0
        ? () => undefined
        : indexes.declare({ collection: parsed.name, indexes: parsed.indexes });
    const over = <G extends Gate>(to: G) =>
      createCollectionGate(to, { name: parsed.name, suffix: versionSuffix(parsed.migration), declared });
    const form = formOf(parsed);
    const scope: QueryScope = {
      collection: parsed.name,
      indexes: {
        known: (prefix) => indexes.ready.known(`${parsed.name}/${prefix}`),
        fresh: (prefix, call) => indexes.ready.fresh(`${parsed.name}/${prefix}`, call),
      },
    };
    const collection = createRecords({ gate: over(gate), attempts, form, scope, collection: notNested });
    bindings.add(collection, (to, among) => createRecordOps({ gate: over(to), attempts: among, form }));
    return collection as Records<never>;
  };
}

function formOf({ schema, migration, merge, ttl }: ParsedCollection): Form {
  return {
    merge,
    accept: (value, key, call) => (schema === undefined ? { value } : validate(schema, value, key, call)),
    show: (document, row) => migrateDocument(migration, document, row),
    initialExpiry: (now) => (ttl === undefined ? undefined : Math.ceil(now + ttl)),
  };
}

function notNested(): never {
  throw new PersistError(
    "INVALID_ARGUMENT",
    "A collection has no collections: declare them on store.records. Keys may have slashes of their own.",
  );
}
