/** A real PostgreSQL for tests and benchmarks. */
import { startGivenPostgres } from "./given-postgres.ts";
import { startOwnPostgres } from "./own-postgres.ts";

export interface PostgresOptions {
  /** Major version, such as `15`. Without it: the first that is found. */
  readonly version?: number;
  /** Whether what it acknowledges survives a crash. Default `false`, which is fast; crash tests want `true`. */
  readonly durable?: boolean;
  /** Settings of the server, over those of its start: `{ wal_level: "replica" }`. */
  readonly flags?: Readonly<Record<string, string | number>>;
  /** Folder of an earlier server to go on with, or an empty one. It stays. Default: one of its own, which does not. */
  readonly dir?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Of the databases: `"C"` (the default: bytes), one of the system such as `"C.UTF-8"`, or `"icu:de-DE"`. */
  readonly locale?: string;
  /** Makes it ask for this password, by SCRAM. Default: whoever reaches it on 127.0.0.1 may enter. */
  readonly password?: string;
}

export interface PostgresServer {
  /** Of a database to work in, with the user, and the password where there is one. */
  readonly url: string;
  readonly port: number;
  /** Of the process; another one after {@link restart}. `undefined` for a given server. */
  readonly pid: number | undefined;
  /** `"18.4"`. */
  readonly version: string;
  /** Absolute path of the folder with its data. `undefined` for a given server. */
  readonly dir: string | undefined;
  /** What it has printed, over all its starts. */
  log(): string;
  /** Kills it with all its processes, as a crash does. It is gone when this resolves. */
  kill9(): Promise<void>;
  /** Starts it again with the same data and on the same port, after a crash or, where it runs, after an orderly stop. */
  restart(): Promise<void>;
  /** Ends it, and removes its data where the folder is its own. Once is enough. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a server on 127.0.0.1, or makes a new database on the one that `PERSIST_TEST_PG_URL` names. It ends with the
 * process that started it, however that one ends, and keeps none from ending.
 *
 * @throws MissingServer where this machine has none.
 */
export function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { PERSIST_TEST_PG_URL: given } = process.env;
  return given ? startGivenPostgres(given, options) : startOwnPostgres(options);
}
