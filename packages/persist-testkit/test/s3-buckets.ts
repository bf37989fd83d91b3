// One bucket for a run of the kit, on a server that goes with it.
import { type Bucket, createBucket, givenS3, startCeph } from "@cuitty/persist-servers";
import { type ProfileName, startS3Double } from "@cuitty/persist-testkit/s3-double";

export interface RunBucket {
  readonly bucket: Bucket;
  /** Ends what was started. */
  end(): Promise<void>;
}

export async function bucketOnDouble(profile: ProfileName = "aws"): Promise<RunBucket> {
  const double = await startS3Double({ profile });
  return { bucket: await createBucket(double), end: () => double.close() };
}

export async function bucketOnCeph(): Promise<RunBucket> {
  const ceph = await startCeph();
  return { bucket: await createBucket(ceph), end: () => ceph.stop() };
}

/** On the server that the environment names. */
export async function givenBucket(): Promise<RunBucket> {
  const server = givenS3();
  if (server === undefined) throw new Error("Set PERSIST_TEST_S3_ENDPOINT to the URL of an S3 server.");
  const bucket = await createBucket(server);
  return { bucket, end: () => bucket.drop() };
}
