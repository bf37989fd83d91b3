import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { liftHarness } from "./harnesses.ts";

testAdapter(liftHarness("generator"), { describe, it, afterAll });
testAdapter(liftHarness("promise"), { describe, it, afterAll });
testAdapter(liftHarness("ordered and batch"), { describe, it, afterAll });
