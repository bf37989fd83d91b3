import { inspect } from "node:util";
import postgres from "postgres";
import { expect, test } from "vitest";
import { type PostgresFactoryOptions, parseOptions } from "../src/options.ts";

const connection = { host: "db.example", database: "app", user: "me", password: "hunter2" };

const login = (options: PostgresFactoryOptions) => {
  const { server } = parseOptions(options);
  if (!("login" in server)) throw new Error("no login");
  return server.login;
};

test("defaults", () => {
  const parsed = parseOptions({ connection });
  expect(parsed).toMatchObject({ schema: "persist", max: 10, prepare: true, statementTimeout: 60_000 });
  expect(login({ connection })).toMatchObject({ port: 5432, tls: undefined, connectTimeout: 10_000 });
});

test("a URL says the same as a connection", () => {
  expect(login({ url: "postgresql://me:hunter2@db.example/app" })).toEqual(login({ connection }));
  expect(login({ url: "postgres://a%40b:p%2Fw@[::1]:6000/x%20y?sslmode=verify-full" })).toMatchObject({
    host: "::1",
    port: 6000,
    database: "x y",
    user: "a@b",
    password: "p/w",
    tls: {},
  });
});

test("ssl", () => {
  expect(login({ connection, ssl: true }).tls).toEqual({});
  expect(login({ connection, ssl: "require" }).tls).toEqual({ rejectUnauthorized: false });
  expect(login({ connection, ssl: { ca: "…" } }).tls).toEqual({ ca: "…" });
  expect(login({ connection, ssl: false }).tls).toBeUndefined();
  expect(login({ url: "postgres://me@h/app?sslmode=require" }).tls).toEqual({ rejectUnauthorized: false });
});

const sql = postgres("postgres://me:hunter2@db.example/app");

test.each<[string, unknown, RegExp]>([
  ["nothing", {}, /connection, url or sql/],
  ["two ways", { connection, url: "postgres://me@h/app" }, /connection and url say the same/],
  ["an unknown name", { connection, shema: "a" }, /no option "shema".*Did you mean "?schema/],
  ["an unknown name within", { connection: { ...connection, databse: "a" } }, /no option "databse".*Did you mean/],
  ["an unknown name of the pool", { connection, pool: { maximum: 1 } }, /no option "maximum"/],
  ["no host", { connection: { ...connection, host: "" } }, /connection\.host/],
  ["no object", { connection: "postgres://me:hunter2@h/app" }, /as an object/],
  ["a password that is none", { connection: { ...connection, password: 7 } }, /connection\.password/],
  ["a port that is none", { connection: { ...connection, port: 70_000 } }, /connection\.port/],
  ["a pool of none", { connection, pool: { max: 0 } }, /pool\.max/],
  ["a schema that needs quotes", { connection, schema: 'a"; drop' }, /option schema/],
  ["a schema of the server", { connection, schema: "pg_catalog" }, /option schema/],
  ["a URL that is none", { url: "me:hunter2@h" }, /must look like/],
  ["a URL of something else", { url: "mysql://me:hunter2@h/app" }, /must look like/],
  ["a URL without a database", { url: "postgres://me:hunter2@h" }, /no database/],
  ["a URL with more", { url: "postgres://me:hunter2@h/app?options=x" }, /parameter "options"/],
  ["a URL with bad escapes", { url: "postgres://me:%ff@h/app" }, /percent-encoded/],
  ["TLS twice", { url: "postgres://me:hunter2@h/app?sslmode=require", ssl: true }, /ssl and the sslmode/],
  ["an sslmode of libpq", { url: "postgres://me:hunter2@h/app?sslmode=prefer" }, /sslmode of the option url must be/],
  ["an ssl that is none", { connection, ssl: "yes" }, /option ssl/],
  ["a time that is none", { connection, timeouts: { connect: -1 } }, /timeouts\.connect/],
  ["prepare that is none", { connection, prepare: "no" }, /option prepare/],
  ["an instance that is none", { sql: {} }, /instance of postgres\.js/],
  ["an instance with a pool", { sql, pool: { max: 3 } }, /sql and pool contradict/],
  ["an instance that renames columns", { sql: postgres({ transform: postgres.camel }) }, /option transform/],
])("refuses %s", (_, options, message) => {
  const error = thrownBy(() => parseOptions(options as PostgresFactoryOptions));
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hunter2");
});

test("a place is shown without the password", () => {
  expect(parseOptions({ connection }).place).toBe('the schema "persist" of "app" at db.example:5432');
  expect(parseOptions({ sql }).place).toBe('the schema "persist" of "app" at db.example:5432');
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
