/** Vitest's global set-up for tests that are to run on the oldest PostgreSQL that is served, whichever one is given to the others. */
import type { TestProject } from "vitest/node";
import { offerPostgres } from "./vitest-setup.ts";

export default (project: TestProject): Promise<() => Promise<void>> =>
  offerPostgres(project, async () => (await import("./own-postgres.ts")).startOwnPostgres({ version: 15 }));
