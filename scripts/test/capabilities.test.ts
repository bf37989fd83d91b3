import { readFile } from "node:fs/promises";
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { expect, it } from "vitest";
import { capabilitiesFile, capabilityTable, reportsOf } from "../capabilities.ts";

const missing = mayBeMissing(() => findPostgres());

it.skipIf(missing)("docs/capabilities.md says what the adapters say (npm run capabilities writes it)", async () => {
  expect(await readFile(capabilitiesFile, "utf8")).toContain(capabilityTable(await reportsOf("K-capabilities")));
});
