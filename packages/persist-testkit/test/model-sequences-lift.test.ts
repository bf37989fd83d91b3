// In a file of its own, so that it runs beside the others.
import { liftHarness } from "./harnesses.ts";
import { testSequences } from "./sequences.ts";

testSequences({ ...liftHarness("ordered and batch"), name: "lift" }, 5000);
