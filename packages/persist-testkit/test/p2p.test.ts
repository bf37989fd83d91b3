import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { p2pHarness } from "./harnesses.ts";

const harness = p2pHarness();
testAdapter(harness, { describe, it, afterAll });
afterAll(harness.end);
