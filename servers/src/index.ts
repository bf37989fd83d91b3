export { createDatabase, type Database, type DatabaseOptions } from "./database.ts";
export { findFreePort } from "./free-port.ts";
export { MissingServer, mayBeMissing } from "./missing-server.ts";
export { findPgBouncer, type PgBouncer, type PgBouncerOptions, startPgBouncer } from "./pgbouncer.ts";
export { type PostgresOptions, type PostgresServer, startPostgres } from "./postgres.ts";
export { findPostgres, type PostgresBinaries } from "./postgres-binaries.ts";
export { query } from "./postgres-query.ts";
export { type Proxy, startProxy } from "./proxy.ts";
