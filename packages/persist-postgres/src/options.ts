import type { ConnectionOptions as TlsOptions } from "node:tls";
import { checkName, checkOptionNames, PersistError } from "@cuitty/persist-core";
import type { Login, Sql } from "./driver.ts";

export interface PostgresOptions {
  /** The server and the user. Either this, or `url`, or `sql`. */
  connection?: {
    /** A name, an address, or the folder of a Unix socket. */
    host: string;
    /** Default 5432. */
    port?: number | undefined;
    database: string;
    user: string;
    /** Default: the environment variable PGPASSWORD. */
    password?: string | undefined;
  };
  /** The same as a URL: `postgres://user:password@host:5432/database`, with `?sslmode=require` or `verify-full`. */
  url?: string;
  /** Another postgres.js instance, used as it is and not ended with the store. Deadlines hold, but statements are not cancelled on the server, and dead connections are not cut. */
  sql?: Sql;
  pool?: {
    /** The most connections of this store. Default 10. One more listens while somebody watches. */
    max?: number | undefined;
  };
  /**
   * `true`: TLS, and the server's certificate must be valid for the host. `"require"`: TLS, and any certificate will do, which keeps out those who listen and not those who
   * interfere. An object: TLS with these options of node:tls, such as `{ ca }`. Default `false`.
   */
  ssl?: boolean | "require" | TlsOptions;
  /** The schema that holds the tables. Default `persist`. Lower-case letters, digits and `_`, at most 48. */
  schema?: string;
  /**
   * `false` behind a pooler that shares connections between transactions (PgBouncer's transaction mode): then nothing is prepared, and nobody listens; who watches looks four times a second.
   * Default `true`.
   */
  prepare?: boolean;
  timeouts?: {
    /** How long making a connection may take, in milliseconds. Default 10 000. */
    connect?: number | undefined;
    /** The longest statement, in milliseconds, whatever the operation's timeout: what the server itself ends. Default 60 000. */
    statement?: number | undefined;
  };
}

/** What the factory gets: its own options, and those that `createStore` passes on. */
export interface PostgresFactoryOptions extends PostgresOptions {
  name?: string;
  namespace?: string;
  adapter?: unknown;
  clock?: () => number;
  require?: unknown;
}

export interface ParsedOptions {
  readonly server: { readonly login: Login } | { readonly sql: Sql };
  /** For messages. */
  readonly place: string;
  readonly schema: string;
  readonly max: number;
  readonly prepare: boolean;
  /** Milliseconds. */
  readonly statementTimeout: number;
}

const passed = ["name", "namespace", "adapter", "clock", "require"];
const known = ["connection", "url", "sql", "pool", "ssl", "schema", "prepare", "timeouts"];

const defaults = { port: 5432, max: 10, schema: "persist", connect: 10_000, statement: 60_000 };

/** Identifiers that need no quotes, and leave room for what is appended to them. */
const schemaPattern = /^[a-z_][a-z0-9_]{0,47}$/;

/** Throws INVALID_ARGUMENT. Messages never hold a password. */
export function parseOptions(options: PostgresFactoryOptions): ParsedOptions {
  checkOptionNames("postgres", options, [...known, ...passed]);
  const { name, schema = defaults.schema, prepare = true, timeouts = {}, pool = {} } = options;
  if (name !== undefined) checkName(name, "name");
  if (typeof schema !== "string" || !schemaPattern.test(schema) || schema.startsWith("pg_")) {
    throw invalid(
      `The option schema must be 1 to 48 of the characters a-z 0-9 _, not begin with a digit, and not with pg_ (it was ${JSON.stringify(schema)}).`,
    );
  }
  if (typeof prepare !== "boolean") throw invalid("The option prepare must be true or false.");
  checkOptionNames("postgres: pool", pool, ["max"]);
  checkOptionNames("postgres: timeouts", timeouts, ["connect", "statement"]);
  const max = whole("pool.max", pool.max, defaults.max, 1_000);
  const statementTimeout = whole("timeouts.statement", timeouts.statement, defaults.statement, 86_400_000);
  const connectTimeout = whole("timeouts.connect", timeouts.connect, defaults.connect, 600_000);
  const server = parseServer(options, prepare, connectTimeout);
  return { server, place: placeOf(server, schema), schema, max, prepare: preparesOf(server), statementTimeout };
}

function parseServer(options: PostgresOptions, prepare: boolean, connectTimeout: number): ParsedOptions["server"] {
  const given = (["connection", "url", "sql"] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    throw invalid(
      given.length === 0
        ? "postgres needs the option connection, url or sql."
        : `The options ${given.join(" and ")} say the same thing; pass one of them.`,
    );
  }
  if (options.sql !== undefined) return { sql: checkSql(options.sql, options) };
  const { sslmode, ...server } = options.url === undefined ? checkServer(options.connection) : parseUrl(options.url);
  if (sslmode !== undefined && options.ssl !== undefined) {
    throw invalid("The option ssl and the sslmode of the url say the same thing; pass one of them.");
  }
  return { login: { ...server, tls: parseTls(options.ssl, sslmode), connectTimeout, prepare } };
}

type Server = Pick<Login, "host" | "port" | "database" | "user" | "password"> & { sslmode?: string | undefined };

function checkServer(connection: unknown): Server {
  checkOptionNames("postgres: connection", connection, ["host", "port", "database", "user", "password"]);
  const { host, port, database, user, password } = connection as NonNullable<PostgresOptions["connection"]>;
  for (const [name, value] of Object.entries({ host, database, user })) {
    if (typeof value !== "string" || value === "" || value.includes("\0")) {
      throw invalid(`The option connection.${name} must be a string that is not empty.`);
    }
  }
  if (password !== undefined && typeof password !== "string") {
    throw invalid("The option connection.password must be a string.");
  }
  return { host, port: whole("connection.port", port, defaults.port, 65_535), database, user, password };
}

function parseUrl(text: unknown): Server {
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["postgres:", "postgresql:"].includes(url.protocol)) {
    throw invalid("The option url must look like postgres://user:password@host:5432/database.");
  }
  const { sslmode, ...rest } = Object.fromEntries(url.searchParams);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw invalid(`The option url has the parameter "${unknown}", which is not known: only sslmode is.`);
  const decode = (part: string, what: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw invalid(`The ${what} in the option url is not percent-encoded as it should be.`);
    }
  };
  const host = decode(url.hostname.replace(/^\[(.*)\]$/, "$1"), "host");
  const database = decode(url.pathname.slice(1), "database");
  const user = decode(url.username, "user");
  const missing = Object.entries({ host, database, user }).find(([, value]) => value === "");
  if (missing !== undefined)
    throw invalid(`The option url has no ${missing[0]}: postgres://user:password@host:5432/database.`);
  const password = url.password === "" ? undefined : decode(url.password, "password");
  return { host, port: url.port === "" ? defaults.port : Number(url.port), database, user, password, sslmode };
}

const withoutProof: TlsOptions = { rejectUnauthorized: false };

function parseTls(ssl: unknown, sslmode: string | undefined): TlsOptions | undefined {
  if (sslmode !== undefined) {
    if (sslmode === "disable") return undefined;
    if (sslmode === "require") return withoutProof;
    if (sslmode === "verify-full") return {};
    throw invalid(
      `The sslmode of the option url must be disable, require or verify-full (it was ${JSON.stringify(sslmode)}).`,
    );
  }
  if (ssl === undefined || ssl === false) return undefined;
  if (ssl === true) return {};
  if (ssl === "require") return withoutProof;
  if (typeof ssl === "object" && ssl !== null && !Array.isArray(ssl)) return ssl;
  throw invalid('The option ssl must be true, false, "require", or an object of options for TLS.');
}

function checkSql(sql: unknown, options: PostgresOptions): Sql {
  const other = (["pool", "ssl", "prepare", "timeouts"] as const).find((name) => options[name] !== undefined);
  if (other !== undefined) {
    throw invalid(`The options sql and ${other} contradict each other: a given instance brings its own. Set it there.`);
  }
  if (typeof sql !== "function" || !("unsafe" in sql) || !("reserve" in sql) || !("options" in sql)) {
    throw invalid("The option sql must be an instance of postgres.js: postgres(…).");
  }
  const { transform } = (sql as unknown as Sql).options;
  const changing = [transform?.column?.from, transform?.value?.from, transform?.row?.from].some((f) => f !== undefined);
  if (changing) {
    throw invalid(
      "The option sql is an instance with the option transform, which would change Persist's own rows. Pass one without.",
    );
  }
  return sql as unknown as Sql;
}

function whole(name: string, value: unknown, otherwise: number, most: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalid(
    `The option ${name} must be a whole number from 1 to ${most} (it was ${typeof value === "number" ? value : typeof value}).`,
  );
}

const preparesOf = (server: ParsedOptions["server"]): boolean =>
  "sql" in server ? server.sql.options.prepare : server.login.prepare;

function placeOf(server: ParsedOptions["server"], schema: string): string {
  if ("login" in server) {
    const { host, port, database } = server.login;
    return `the schema "${schema}" of "${database}" at ${host}:${port}`;
  }
  const { host, port, database } = server.sql.options;
  return `the schema "${schema}" of "${database}" at ${host[0]}:${port[0]}`;
}

function invalid(message: string): PersistError {
  return new PersistError("INVALID_ARGUMENT", message, { adapter: "postgres" });
}
