import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { Endpoint } from "./check.ts";

const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** A client that sends each request once and waits no longer than a minute. */
export function clientOf({ endpoint, region, credentials }: Endpoint, more: Partial<S3ClientConfig> = {}): S3Client {
  return new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    logger: quiet,
    requestHandler: { requestTimeout: 60_000 },
    ...more,
  });
}
