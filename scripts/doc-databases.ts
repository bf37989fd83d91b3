// The databases of the documentation's examples: one for each page that needs one, on a server that starts with the first.
import { createDatabase, type PostgresServer, startPostgres } from "@cuitty/persist-servers";

export interface DocDatabases extends AsyncDisposable {
  /** The same for each call with the page. @throws MissingServer where this machine has none. */
  urlFor(page: string): Promise<string>;
}

export function createDocDatabases(): DocDatabases {
  let server: Promise<PostgresServer> | undefined;
  const databases = new Map<string, ReturnType<typeof createDatabase>>();

  const make = async () => {
    server ??= startPostgres();
    return createDatabase(await server);
  };

  return {
    async urlFor(page) {
      const database = databases.get(page) ?? make();
      databases.set(page, database);
      return (await database).url;
    },
    async [Symbol.asyncDispose]() {
      const made = await Promise.allSettled(databases.values());
      await Promise.all(made.map((one) => (one.status === "fulfilled" ? one.value.drop() : undefined)));
      const [started] = await Promise.allSettled([server]);
      if (started?.status === "fulfilled") await started.value?.stop();
    },
  };
}
