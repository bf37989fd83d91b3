/** The layouts of the schema, each made from the one before. What has been released is never changed. */

import type { Locks } from "./connection.ts";
import { commitFunctions } from "./functions/commit.ts";
import { plainFunctions } from "./functions/plain.ts";
import { lineageFunctions } from "./lineage.ts";
import { tables, views } from "./schema.ts";

export interface Migration {
  readonly name: string;
  /** SQL for the schema, an identifier as it stands in SQL. */
  write(schema: string, locks: Locks): string;
}

/** The first is number 1. */
export const migrations: readonly Migration[] = [
  {
    name: "tables",
    write: (s, locks) =>
      tables(s) + lineageFunctions(s) + commitFunctions(s, locks) + plainFunctions(s, locks) + views(s),
  },
];
