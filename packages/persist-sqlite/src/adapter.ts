/** The factory of the adapter: one file, one connection, and an engine for each namespace in it. */
import { fourMethods, type PersistAdapter } from "@cuitty/persist-core";
import { createEngine } from "./engine.ts";
import { open, patience } from "./open.ts";
import { parseOptions, type SqliteFactoryOptions } from "./options.ts";
import { claimFile } from "./store-name.ts";

export { backup } from "./backup.ts";
export { betterSqlite3 } from "./driver.ts";
export { checkIntegrity } from "./integrity.ts";
export type { SqliteFactoryOptions, SqliteOptions } from "./options.ts";

/** Opens the file, making it where it is missing, and brings it to the present layout. */
export async function sqlite(options: SqliteFactoryOptions): Promise<PersistAdapter> {
  const connection = await open(parseOptions(options));

  const openEngine: NonNullable<PersistAdapter["engine"]> = async (scope) => {
    await claimFile(connection, scope.name, { deadline: performance.now() + patience });
    return createEngine(connection, scope.namespace);
  };

  return {
    ...fourMethods(openEngine),
    engine: openEngine,
    close: async () => connection.close(),
  };
}
