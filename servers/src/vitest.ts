/** The run's PostgreSQL, as tests get at it. */
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, inject } from "vitest";
import { createDatabase, type Database, type DatabaseOptions } from "./database.ts";
import { MissingServer } from "./missing-server.ts";
import type { PostgresOffer } from "./vitest-setup.ts";

/** Of a server that all tests of the run share: it is to be left as it is, and to be worked on in databases of one's own. */
export interface SharedPostgres {
  readonly url: string;
  /** `"18.4"`. */
  readonly version: string;
}

/** @throws MissingServer where this machine has none. */
export async function sharedPostgres(): Promise<SharedPostgres> {
  const offer = JSON.parse(await text(connect(inject("postgresDesk"), "127.0.0.1"))) as PostgresOffer;
  if ("url" in offer) return offer;
  throw offer.missing ? new MissingServer(offer.failure) : new Error(offer.failure);
}

/**
 * A database for the tests of this file, or of this `describe`: made before the first of them, dropped after the last.
 *
 * ```ts
 * const database = useDatabase();
 * test("…", async () => { const sql = postgres(database.url); … });
 * ```
 */
export function useDatabase(options?: DatabaseOptions): Pick<Database, "url" | "name"> {
  let database: Database | undefined;
  beforeAll(async () => {
    database = await createDatabase(await sharedPostgres(), undefined, options);
  });
  afterAll(() => database?.drop());
  const made = () => {
    if (database === undefined) throw new Error("useDatabase: the database is made when the tests begin");
    return database;
  };
  return {
    get url() {
      return made().url;
    },
    get name() {
      return made().name;
    },
  };
}
