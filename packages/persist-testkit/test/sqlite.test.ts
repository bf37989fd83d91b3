import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { sqliteHarness } from "./harnesses.ts";

const harness = sqliteHarness();
testAdapter(harness, { describe, it, afterAll });
afterAll(harness.end);
