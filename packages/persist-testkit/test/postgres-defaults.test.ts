// A database whose defaults are as far from what the adapter needs as somebody may have set them for other programs.
import { createDatabase } from "@cuitty/persist-servers";
import { sharedPostgres } from "@cuitty/persist-servers/vitest";
import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { postgresHarness } from "./postgres-harness.ts";

const defaults = {
  default_transaction_isolation: "serializable",
  default_transaction_read_only: "on",
  default_transaction_deferrable: "on",
  statement_timeout: "2s",
  lock_timeout: "1ms",
  idle_in_transaction_session_timeout: "1s",
  idle_session_timeout: "1s",
  search_path: "nowhere",
  timezone: "Asia/Kolkata",
  datestyle: "German",
  intervalstyle: "sql_standard",
  standard_conforming_strings: "off",
  bytea_output: "escape",
  extra_float_digits: "-10",
  row_security: "off",
  transform_null_equals: "on",
  array_nulls: "off",
  client_encoding: "LATIN1",
  plan_cache_mode: "force_generic_plan",
};

const database = await createDatabase(await sharedPostgres(), undefined, { defaults });
afterAll(() => database.drop());

testAdapter(
  postgresHarness(database.url, { name: "postgres-defaults" }),
  { describe, it, afterAll },
  { only: "K-engine" },
);
