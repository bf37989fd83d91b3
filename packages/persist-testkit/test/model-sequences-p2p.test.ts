import { afterAll } from "vitest";
import { p2pHarness } from "./harnesses.ts";
import { testSequences } from "./sequences.ts";

const harness = p2pHarness();
afterAll(harness.end);
testSequences(harness, 10_000);
