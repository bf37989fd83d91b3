import { certify, testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, expect, it } from "vitest";
import { feedlessHarness } from "./harnesses.ts";

testAdapter(feedlessHarness(), { describe, it, afterAll });

it("nothing else is passed over where no changes are kept, and ranges are not exact", async () => {
  const { clauses } = await certify(feedlessHarness(), { seed: 1 });
  const reasons = ["watch is absent", 'isolation is "atomic"'];
  const passedOver = clauses.filter(({ status, detail }) => status === "absent" && reasons.includes(detail ?? ""));
  expect([...new Set(passedOver.map(({ section }) => section))]).toEqual([
    "72 Transactions and others at once",
    "75 Feeds",
    "76 Feeds from a cursor",
    "77 Watchers",
    "97.3 The engine: indexes",
    "97.5 The engine: changes",
  ]);
  const of72 = passedOver.filter(({ section }) => section.startsWith("72"));
  expect(of72.map(({ key }) => key)).toEqual(["K-tx-at-once", "K-tx-phantom"]);
});
