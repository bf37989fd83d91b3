/** The factory of the adapter: one client, and an engine for each store and namespace in the bucket. */
import { fourMethods, type PersistAdapter } from "@cuitty/persist-core";
import { createEngine } from "./engine.ts";
import { openBucket } from "./open-bucket.ts";
import { openScope } from "./open-scope.ts";
import { parseOptions, type S3FactoryOptions } from "./options.ts";

export type { S3FactoryOptions, S3Options } from "./options.ts";

/** How long opening a store may take, in milliseconds. */
const patience = 30_000;

/** Finds out what the server enforces. */
export async function s3(options: S3FactoryOptions): Promise<PersistAdapter> {
  const parsed = parseOptions(options);
  const bucket = await openBucket(parsed);

  const openEngine: NonNullable<PersistAdapter["engine"]> = async (scope) =>
    createEngine(await openScope(bucket, scope, parsed, { deadline: performance.now() + patience }));

  return { ...fourMethods(openEngine), engine: openEngine, close: () => bucket.close() };
}
