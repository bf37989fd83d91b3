// A real server, whose answers are its own. What it does by itself is tried there: the rest is above it, and the same; `npm run conformance -- s3-ceph` tries all.
import { findCeph, mayBeMissing } from "@cuitty/persist-servers";
import { testAdapter } from "@cuitty/persist-testkit";
import { afterAll, describe, it } from "vitest";
import { bucketOnCeph } from "./s3-buckets.ts";
import { s3Harness } from "./s3-harness.ts";

const missing = mayBeMissing(() => findCeph());
const started = missing ? undefined : await bucketOnCeph();
afterAll(() => started?.end());

describe.skipIf(missing)(`Ceph${missing && ` (skipped: ${missing})`}`, () => {
  it("is there", () => undefined);
  if (started === undefined) return;
  const harness = s3Harness(started.bucket, { name: "s3-ceph", feed: true });
  for (const only of ["K-engine", "K-tx", "K-if", "K-key", "K-blobs", "K-upload", "K-feed"]) {
    testAdapter(harness, { describe, it, afterAll }, { only });
  }
});
