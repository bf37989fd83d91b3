// In a file of its own, so that it runs beside that of memory.
import { afterAll } from "vitest";
import { sqliteHarness } from "./harnesses.ts";
import { testSequences } from "./sequences.ts";

const harness = sqliteHarness();
afterAll(harness.end);
testSequences(harness, 10_000);
