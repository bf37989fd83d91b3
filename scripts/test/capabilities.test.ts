import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { capabilitiesFile, capabilityTable, reportsOf } from "../capabilities.ts";

it("docs/capabilities.md says what the adapters say (npm run capabilities writes it)", async () => {
  expect(await readFile(capabilitiesFile, "utf8")).toContain(capabilityTable(await reportsOf("K-capabilities")));
});
