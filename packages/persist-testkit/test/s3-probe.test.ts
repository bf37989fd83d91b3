import { findCeph, givenS3, mayBeMissing, startCeph } from "@cuitty/persist-servers";
import { type ProfileName, startS3Double } from "@cuitty/persist-testkit/s3-double";
import { describe, expect, onTestFinished, test } from "vitest";
import { answersOf, probeS3 } from "./s3-probe/probe.ts";

test.each(["aws", "ceph16", "no-conditions"] satisfies ProfileName[])(
  "the S3 double answers as %s",
  async (profile) => {
    const double = await startS3Double({ profile });
    onTestFinished(() => double.close());
    expect(await probeS3(double)).toEqual(answersOf(profile));
  },
);

const missing = mayBeMissing(() => findCeph());

describe.skipIf(missing)(`Ceph${missing && ` (skipped: ${missing})`}`, () => {
  test("answers as the double does in its place", { timeout: 300_000 }, async () => {
    const ceph = await startCeph();
    onTestFinished(() => ceph.stop());
    expect(ceph.version).toMatch(/^16\./);
    expect(await probeS3(ceph)).toEqual(answersOf("ceph16"));
  });
});

const given = givenS3();

if (given !== undefined) {
  test("the given server answers as PERSIST_TEST_S3_PROFILE says", async () => {
    const { PERSIST_TEST_S3_PROFILE: profile = "aws" } = process.env;
    expect(await probeS3(given)).toEqual(answersOf(profile as ProfileName));
  });
}
