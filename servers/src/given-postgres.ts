/** A new database on a server that runs already, for as long as it is needed. */
import { createDatabase } from "./database.ts";
import type { PostgresOptions, PostgresServer } from "./postgres.ts";
import { majorOf } from "./postgres-binaries.ts";
import { query } from "./postgres-query.ts";

export async function startGivenPostgres(given: string, options: PostgresOptions): Promise<PostgresServer> {
  for (const name of ["flags", "dir", "port", "locale", "password"] as const) {
    if (options[name] !== undefined) throw notOurs(`start it with "${name}"`);
  }
  const [found] = await query(
    given,
    "select current_setting('server_version') version, current_setting('fsync') fsync, current_setting('synchronous_commit') commits",
  );
  const version = String(found?.version).split(" ")[0] ?? "";
  if (options.version !== undefined && majorOf(version) !== options.version) {
    throw notOurs(`make it PostgreSQL ${options.version}: it is ${version}`);
  }
  if (options.durable && (found?.fsync !== "on" || found.commits === "off")) {
    throw notOurs(`make it durable: it runs with fsync=${found?.fsync}, synchronous_commit=${found?.commits}`);
  }
  const { url, drop } = await createDatabase({ url: given });
  return {
    url,
    port: Number(new URL(given).port || 5432),
    pid: undefined,
    version,
    dir: undefined,
    log: () => "",
    kill9: () => Promise.reject(notOurs("kill it")),
    restart: () => Promise.reject(notOurs("restart it")),
    stop: drop,
    [Symbol.asyncDispose]: drop,
  };
}

function notOurs(wish: string): Error {
  return new Error(
    `PERSIST_TEST_PG_URL names a server that is not ours, so we cannot ${wish}. Unset it, and one is started here.`,
  );
}
