/** The options of a collection, checked. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CollectionOptions } from "../api/collections.ts";
import { parseDuration } from "../durations.ts";
import { PersistError } from "../errors.ts";
import type { DeclaredIndex } from "../indexes/declare.ts";
import { checkName } from "../keys.ts";
import { checkOptionNames } from "../option-names.ts";
import { isSamePath, parsePath } from "../query/paths.ts";
import { maxTuplePaths } from "../query/tuples.ts";
import { type Migration, parseMigration } from "./migrations.ts";
import { checkSchema } from "./schemas.ts";

export interface ParsedCollection {
  readonly name: string;
  readonly schema: StandardSchemaV1 | undefined;
  readonly indexes: readonly DeclaredIndex[];
  readonly migration: Migration;
  readonly merge: "deep" | "fields";
  /** Milliseconds. */
  readonly ttl: number | undefined;
}

const names = ["schema", "indexes", "schemaVersion", "migrate", "merge", "ttl"];
const merges: readonly unknown[] = ["deep", "fields"];

export function parseCollection(name: unknown, o: Partial<CollectionOptions<StandardSchemaV1>> = {}): ParsedCollection {
  checkName(name, "collection's name");
  const what = `records.collection("${name}")`;
  checkOptionNames(what, o, names);
  const { schema, indexes = {}, schemaVersion, migrate, merge = "deep", ttl } = o;
  if (schema !== undefined) checkSchema(schema);
  if (!merges.includes(merge)) {
    throw new PersistError("INVALID_ARGUMENT", `${what}: merge can be "deep" or "fields".`);
  }
  if (typeof indexes !== "object" || indexes === null || Array.isArray(indexes)) {
    throw new PersistError("INVALID_ARGUMENT", `${what}: indexes must be an object: { name: { on: "field" } }.`);
  }
  return {
    name,
    schema,
    indexes: Object.entries(indexes).map(([index, definition]) => parseIndex(what, index, definition)),
    migration: parseMigration(name, schemaVersion, migrate),
    merge,
    ttl: ttl === undefined ? undefined : parseDuration(ttl, "ttl"),
  };
}

function parseIndex(what: string, name: string, definition: { on: string | readonly string[]; unique?: boolean }) {
  checkName(name, "index's name");
  const index = `${what}: the index "${name}"`;
  checkOptionNames(index, definition, ["on", "unique"]);
  const { on, unique = false } = definition;
  if (typeof unique !== "boolean") {
    throw new PersistError("INVALID_ARGUMENT", `${index}: unique must be true or false.`);
  }
  const paths: readonly unknown[] = Array.isArray(on) ? on : [on];
  if (paths.length === 0 || paths.length > maxTuplePaths) {
    throw new PersistError("INVALID_ARGUMENT", `${index} goes on 1 to ${maxTuplePaths} paths.`);
  }
  const parsed = paths.map((path) => parsePath(path, index));
  if (parsed.some((path, i) => parsed.slice(0, i).some((other) => isSamePath(path, other)))) {
    throw new PersistError("INVALID_ARGUMENT", `${index} names a path twice.`);
  }
  return { name, paths: parsed.map(({ text }) => text), unique };
}
