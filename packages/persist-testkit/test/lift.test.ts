import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { liftHarness } from "./harnesses.ts";

const runner = { describe, it, afterAll };

testAdapter(liftHarness("generator"), runner);
testAdapter(liftHarness("ordered and batch"), runner);

// What differs is how its entries come.
for (const only of ["K-adapter", "K-list", "K-engine"]) testAdapter(liftHarness("promise"), runner, { only });
