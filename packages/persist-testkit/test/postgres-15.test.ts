// The oldest PostgreSQL that is served, as Debian has it. What the database does by itself is tried there: the rest is above it, and the same.
import { findPostgres, mayBeMissing, type PostgresServer, startPostgres } from "@cuitty/persist-servers";
import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it, vi } from "vitest";
import { postgresHarness } from "./postgres-harness.ts";

// Whichever server is given to the other tests.
vi.stubEnv("PERSIST_TEST_PG_URL", "");

const missing = mayBeMissing(() => findPostgres(15));
const server: PostgresServer | undefined = missing ? undefined : await startPostgres({ version: 15 });
afterAll(() => server?.stop());

describe.skipIf(missing)(`PostgreSQL 15${missing && ` (skipped: ${missing})`}`, () => {
  const harness = postgresHarness(server?.url ?? "", { name: "postgres-15" });
  testAdapter(harness, { describe, it, afterAll }, { only: "K-engine" });
});
