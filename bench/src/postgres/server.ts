/** The one server of a run: durable, and set as PostgreSQL comes. */
import { join } from "node:path";
import { createDatabase, type PostgresServer, startPostgres } from "@cuitty/persist-servers";

/** What `@cuitty/persist-servers` starts otherwise, because its tests are many and small. */
const defaults = { shared_buffers: "128MB", wal_level: "replica", max_connections: 300 };

export const settingsNote =
  "One PostgreSQL server on this machine, reached by TCP, with its default settings: fsync, synchronous_commit and full_page_writes on, shared_buffers = 128MB, autovacuum on; and max_connections = 300, for so many pools. " +
  "Each contender has a database of its own.";

export interface BenchServer extends PostgresServer {
  /** The URL of the database of this name, which is made when it is asked for first. */
  database(name: string): Promise<string>;
}

/** Its data are in the folder, which is on a disk. */
export async function startBenchServer(folder: string): Promise<BenchServer> {
  const given = process.env.PERSIST_TEST_PG_URL !== undefined;
  const server = await startPostgres({
    durable: true,
    ...(given ? {} : { dir: join(folder, "server"), flags: defaults }),
  });
  const urls = new Map<string, Promise<string>>();
  const make = async (name: string) => (await createDatabase(server, `bench_${name.replaceAll(/\W/g, "_")}`)).url;
  return Object.assign(server, {
    database(name: string) {
      const url = urls.get(name) ?? make(name);
      urls.set(name, url);
      return url;
    },
  });
}
