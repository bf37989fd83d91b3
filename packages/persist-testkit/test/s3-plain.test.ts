// Without a feed a write is a request and no commit of the log: another way through the engine. What is above it is the same, and is tried with a feed; `npm run conformance -- s3-plain` tries all.
import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { bucketOnDouble } from "./s3-buckets.ts";
import { s3Harness } from "./s3-harness.ts";

const { bucket, end } = await bucketOnDouble();
afterAll(end);
const harness = s3Harness(bucket, { name: "s3-plain", feed: false });
for (const only of [
  "K-engine",
  "K-no-feed",
  "K-tx",
  "K-if",
  "K-kv",
  "K-records",
  "K-index",
  "K-subscribe",
  "K-consume",
]) {
  testAdapter(harness, { describe, it, afterAll }, { only });
}
