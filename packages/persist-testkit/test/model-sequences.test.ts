import { memoryHarness } from "./harnesses.ts";
import { testSequences } from "./sequences.ts";

testSequences(memoryHarness(), 35_000);
