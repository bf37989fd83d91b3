import type { Query } from "../../src/api/queries.ts";
import type { Records } from "../../src/api/records.ts";

/** An index is built beside what goes on. */
export async function waitUntilReady(records: Records, query: Query<unknown>): Promise<void> {
  while ((await records.explain(query)).plan !== "index") await new Promise((resolve) => setTimeout(resolve));
}
