import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { distantHarness } from "./harnesses.ts";

testAdapter(distantHarness(), { describe, it, afterAll });
