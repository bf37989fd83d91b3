// What three peers are for: clauses that open a place a second time, and those whose writing a follower must have in the end. `npm run conformance -- p2p-three` and `p2p-followed` try all.
import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { p2pThreeHarness } from "./p2p-harness.ts";

const runner = { describe, it, afterAll };

const three = p2pThreeHarness();
for (const only of [
  "K-open",
  "K-subscribe-two-stores",
  "K-feed-two-stores",
  "K-index-declared-at-once",
  "K-crash",
  "K-peers",
]) {
  testAdapter(three, runner, { only });
}
afterAll(three.end);

const followed = p2pThreeHarness({ followers: 1 });
for (const only of ["K-value", "K-kv", "K-expiry", "K-records", "K-blobs", "K-events", "K-erase", "K-tx"]) {
  testAdapter(followed, runner, { only });
}
afterAll(followed.end);
