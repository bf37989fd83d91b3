/** From the options to a connection: the server is checked, and the schema made or brought to the present layout. */
import { type Capabilities, PersistError } from "@cuitty/persist-core";
import { type Connection, createConnection, type Locks, type Patience } from "./connection.ts";
import { openRaw } from "./driver.ts";
import { createGivenListener, createGivenPool } from "./given-pool.ts";
import { createListener, type Listener } from "./listener.ts";
import { locksOf } from "./lock-numbers.ts";
import { checkLayout, migrate } from "./migrate.ts";
import { migrations } from "./migrations.ts";
import type { ParsedOptions } from "./options.ts";
import { createPool, type Pool } from "./pool.ts";
import { checkServer, durabilityOf, type Server, serverColumns, warnOfLoss } from "./server.ts";
import { readServerClock, type ServerClock } from "./server-clock.ts";
import { openSession } from "./session.ts";
import { createWake, type Wake } from "./wake.ts";

/** How long opening may take, in milliseconds: as long as another process takes to migrate. */
const patience = 60_000;

export interface Opened {
  readonly connection: Connection;
  readonly wake: Wake;
  readonly clock: ServerClock;
  readonly durability: Capabilities["durability"];
  /** A postgres.js instance to the same server, for what Persist does not cover. */
  raw(): unknown;
  close(): Promise<void>;
}

interface Found extends Server {
  readonly applied: number | null;
}

export async function open(options: ParsedOptions): Promise<Opened> {
  const { schema, place } = options;
  const pool = createPoolOf(options);
  const locks = locksOf(schema);
  const listener = createListenerOf(options, locks);
  const connection = createConnection({ pool, listener, schema: `"${schema}"`, place, locks });
  const o = { deadline: performance.now() + patience };
  try {
    const server = await prepare(connection, schema, o);
    warnOfLoss(server, place);
    const clock = await readServerClock(connection, o);
    const { raw, end } = rawOf(options);
    const wake = createWake(connection);
    return {
      connection,
      wake,
      clock,
      durability: durabilityOf(server),
      raw,
      close: async () => {
        await wake.close();
        await Promise.allSettled([pool.close(), listener.close(), end()]);
      },
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

export function createPoolOf({ server, max, statementTimeout }: ParsedOptions): Pool {
  if ("sql" in server) return createGivenPool(server.sql);
  return createPool({ max, open: (events) => openSession(server.login, { statementTimeout }, events) });
}

const deaf: Listener = { listen: () => () => {}, close: async () => {} };

function createListenerOf({ server, prepare: prepares, statementTimeout }: ParsedOptions, locks: Locks): Listener {
  if (!prepares) return deaf; // a pooler: what is set on a connection does not stay there
  if ("sql" in server) return createGivenListener(server.sql, locks);
  return createListener((events) => openSession(server.login, { statementTimeout }, events), locks);
}

async function prepare(connection: Connection, schema: string, o: Patience): Promise<Server> {
  const { schema: s, place } = connection;
  const known = await look(connection, o);
  if (known !== undefined) {
    checkServer(known, place);
    checkLayout(known.applied ?? 0, place);
    if (known.applied !== migrations.length) await migrate(connection, schema, o);
    return known;
  }
  const [server] = await connection.read<Server>(o, `select ${serverColumns}`, []);
  if (server === undefined)
    throw new PersistError("INTERNAL", `${place} says nothing of itself.`, { adapter: "postgres" });
  checkServer(server, place);
  await migrate(connection, schema, o);
  return server;

  async function look({ read }: Connection, patience: Patience): Promise<Found | undefined> {
    try {
      const [row] = await read<Found>(
        patience,
        `select ${serverColumns},
           (select max(number) from ${s}.migrations)::int4 as applied`,
        [],
      );
      return row;
    } catch (error) {
      if (PersistError.is(error, "MIGRATION")) return undefined; // there are no such tables
      throw error;
    }
  }
}

function rawOf({ server }: ParsedOptions): { raw(): unknown; end(): Promise<void> } {
  if ("sql" in server) return { raw: () => server.sql, end: async () => {} };
  let sql: ReturnType<typeof openRaw> | undefined;
  return {
    raw: () => {
      sql ??= openRaw(server.login);
      return sql;
    },
    end: async () => sql?.end({ timeout: 1 }),
  };
}
