import { sharedPostgres } from "@cuitty/persist-servers/vitest";
import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { postgresHarness } from "./postgres-harness.ts";

const { url } = await sharedPostgres();
testAdapter(postgresHarness(url), { describe, it, afterAll });
