import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { memoryHarness } from "./harnesses.ts";

testAdapter(memoryHarness(), { describe, it, afterAll });
