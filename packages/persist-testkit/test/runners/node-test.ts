// The kit under node:test, as the README has it. Run by runners.test.ts.
import { after, describe, it } from "node:test";
import { testAdapter } from "@cuitty/persist-testkit";
import { memoryHarness } from "../harnesses.ts";

testAdapter(memoryHarness(), { describe, it, after }, { only: "K-blobs-url" });
testAdapter(
  { ...memoryHarness(), name: "gaps", knownGaps: ["K-blobs-url-absent"] },
  { describe, it },
  { only: "K-blobs-url" },
);
