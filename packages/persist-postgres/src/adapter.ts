/** The factory of the adapter: one pool of connections, and an engine for each store and namespace in the schema. */
import { fourMethods, type PersistAdapter } from "@cuitty/persist-core";
import { createEngine } from "./engine.ts";
import { open } from "./open.ts";
import { type PostgresFactoryOptions, parseOptions } from "./options.ts";
import { findScope } from "./scopes.ts";

export { checkIntegrity } from "./integrity.ts";
export type { PostgresFactoryOptions, PostgresOptions } from "./options.ts";

/** How long finding a scope may take, in milliseconds. */
const patience = 30_000;

/** Connects, makes the schema where it is missing, and brings it to the present layout. */
export async function postgres(options: PostgresFactoryOptions): Promise<PersistAdapter> {
  const opened = await open(parseOptions(options));

  const openEngine: NonNullable<PersistAdapter["engine"]> = async (scope) => {
    const id = await findScope(opened.connection, scope, { deadline: performance.now() + patience });
    return createEngine(opened, id);
  };

  return { ...fourMethods(openEngine), engine: openEngine, close: opened.close };
}
