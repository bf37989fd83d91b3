// Behind a pooler that lends its connections transaction by transaction: nothing may depend on what was set on a connection before, and nobody can listen.
import { createDatabase, findPgBouncer, mayBeMissing, startPgBouncer } from "@cuitty/persist-servers";
import { sharedPostgres } from "@cuitty/persist-servers/vitest";
import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { postgresHarness } from "./postgres-harness.ts";

const missing = mayBeMissing(() => findPgBouncer());
const database = missing ? undefined : await createDatabase(await sharedPostgres());
const bouncer =
  database &&
  (await startPgBouncer({ upstream: database, poolMode: "transaction", settings: { default_pool_size: 3 } }));
afterAll(async () => {
  await bouncer?.stop();
  await database?.drop();
});

describe.skipIf(missing)(`behind PgBouncer${missing && ` (skipped: ${missing})`}`, () => {
  const harness = postgresHarness(bouncer?.url ?? "", { name: "postgres-bouncer", prepare: false });
  for (const only of ["K-engine", "K-feed"]) testAdapter(harness, { describe, it, afterAll }, { only });
});
