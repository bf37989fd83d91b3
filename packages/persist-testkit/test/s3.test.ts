import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { bucketOnDouble } from "./s3-buckets.ts";
import { s3Harness } from "./s3-harness.ts";

const { bucket, end } = await bucketOnDouble();
afterAll(end);
testAdapter(s3Harness(bucket, { feed: true }), { describe, it, afterAll });
