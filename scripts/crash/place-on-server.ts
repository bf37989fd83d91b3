/** A PostgreSQL of its own, durable, with its data on the disk that the repository is on. It ends with this process at the latest. */
import { setTimeout as pause } from "node:timers/promises";
import { query, startPostgres } from "@cuitty/persist-servers";
import { createPlaceOnDisk } from "./place-on-disk.ts";
import type { Place } from "./target.ts";

export async function createPlaceOnServer(target: string): Promise<Place> {
  const { location: folder, remove } = await createPlaceOnDisk(target);
  const server = await startPostgres({ durable: true, dir: folder });
  const { url } = server;
  return {
    location: url,
    folder,
    server: {
      kill: () => server.kill9(),
      restart: () => server.restart(),
    },
    async settled() {
      while (await isBusy(url)) await pause(1);
    },
    async remove() {
      await server.stop();
      await remove();
    },
  };
}

/** A server goes on with what it was told by a client that is dead, and finds out when it answers. */
async function isBusy(url: string): Promise<boolean> {
  const others = "select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
  return (await query(url, others)).length > 0;
}
