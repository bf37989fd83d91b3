import { type ProfileName, startS3Double } from "@cuitty/persist-testkit/s3-double";
import { expect, onTestFinished, test } from "vitest";
import { answersOf, probeS3 } from "./s3-probe/probe.ts";

test.each(["aws", "ceph16", "no-conditions"] satisfies ProfileName[])(
  "the S3 double answers as %s",
  async (profile) => {
    const double = await startS3Double({ profile });
    onTestFinished(() => double.close());
    expect(await probeS3(double)).toEqual(answersOf(profile));
  },
);
