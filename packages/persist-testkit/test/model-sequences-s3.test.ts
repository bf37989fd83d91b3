// In a file of its own, so that it runs beside those of the others.
import { afterAll } from "vitest";
import { bucketOnDouble } from "./s3-buckets.ts";
import { s3Harness } from "./s3-harness.ts";
import { testSequences } from "./sequences.ts";

const { bucket, end } = await bucketOnDouble();
afterAll(end);
testSequences(s3Harness(bucket, { feed: true }), 200, { lanes: 4 });
