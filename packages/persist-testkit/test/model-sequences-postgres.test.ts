// In a file of its own, so that it runs beside those of the others.
import { sharedPostgres } from "@cuitty/persist-servers/vitest";
import { postgresHarness } from "./postgres-harness.ts";
import { testSequences } from "./sequences.ts";

const { url } = await sharedPostgres();
testSequences(postgresHarness(url), 2000, { lanes: 6 });
