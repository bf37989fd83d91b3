// Stores on real servers that tests break, and what such a test says of the errors that it meets.
import { createStore, type ErrorCode, type Outcome, PersistError, type Store } from "@cuitty/persist-core";
import {
  type Proxy as Network,
  type PostgresOptions,
  type PostgresServer,
  startPostgres,
  startProxy,
} from "@cuitty/persist-servers";
import postgresJs from "postgres";
import { expect, onTestFinished, vi } from "vitest";
import { type PostgresFactoryOptions, postgres } from "../src/adapter.ts";

/** A store that ends with the test. */
export async function openStore(url: string, options: Partial<PostgresFactoryOptions> = {}): Promise<Store> {
  const adapter = await postgres({ url, ...options });
  onTestFinished(() => adapter.close?.());
  const store = await createStore({ name: "test", adapter });
  onTestFinished(() => store.close({ timeout: 1000 }));
  return store;
}

/** So much that nothing acknowledged is lost when the server is killed, and no more: the machine stays up. */
export const killable = { synchronous_commit: "on", full_page_writes: "on" };

/** A server of this test's own, to be killed and starved. */
export async function startServer(options: PostgresOptions = {}): Promise<PostgresServer> {
  vi.stubEnv("PERSIST_TEST_PG_URL", "");
  onTestFinished(() => void vi.unstubAllEnvs());
  const server = await startPostgres(options);
  onTestFinished(() => server.stop());
  return server;
}

/** A network between a test and a server. */
export async function startNetwork(url: string): Promise<Network> {
  const proxy = await startProxy(Number(new URL(url).port));
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Sessions of somebody who works on the tables by hand. */
export function openSql(url: string, max = 1): postgresJs.Sql {
  const sql = postgresJs(url, { max, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

/** The error that the work fails with, which must be one of Persist's. */
export async function failureOf(work: Promise<unknown>): Promise<PersistError> {
  const error = await work.then(
    (value) => new Error(`it should have failed, and answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!PersistError.is(error)) throw error;
  return error;
}

/** Fails with the code, and says no more about the outcome than it knows. */
export async function expectFailure(work: Promise<unknown>, code: ErrorCode, outcome: Outcome): Promise<PersistError> {
  const error = await failureOf(work);
  expect(error).toMatchObject({ code, outcome });
  return error;
}

/** Its answer, or `undefined` where the backend could not be reached and that was said clearly. */
export async function unlessUnavailable<T>(work: Promise<T>): Promise<T | PersistError> {
  try {
    return await work;
  } catch (error) {
    if (!PersistError.is(error, "UNAVAILABLE")) throw error;
    return error;
  }
}
