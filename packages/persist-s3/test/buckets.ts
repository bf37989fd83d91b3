import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type S3Double, type S3DoubleOptions, startS3Double } from "@cuitty/persist-testkit/s3-double";
import { onTestFinished } from "vitest";
import type { Bucket, OpenObject, Patience, PutAnswer } from "../src/bucket.ts";
import { openBucket, type Tuning } from "../src/open-bucket.ts";
import { parseOptions, type S3FactoryOptions } from "../src/options.ts";

/** Who answers, and who may ask. */
export interface Server {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export const bucketName = "files";

/** With an empty bucket; closed with the test. */
export async function startDouble(options: S3DoubleOptions = {}): Promise<S3Double> {
  const double = await startS3Double({ buckets: [bucketName], ...options });
  onTestFinished(() => double.close());
  return double;
}

export const optionsOf = ({ endpoint, region, credentials }: Server): S3FactoryOptions => ({
  bucket: bucketName,
  endpoint,
  region,
  credentials,
});

/** Closed with the test. */
export async function openOn(server: Server, more: Partial<S3FactoryOptions> = {}, tuning?: Tuning): Promise<Bucket> {
  const bucket = await openBucket(parseOptions({ ...optionsOf(server), ...more }), tuning);
  onTestFinished(() => bucket.close());
  return bucket;
}

/** A double and a bucket on it. The log of its requests begins behind the probe. */
export async function openDouble(
  options: S3DoubleOptions = {},
  more: Partial<S3FactoryOptions> = {},
  tuning?: Tuning,
): Promise<{ double: S3Double; bucket: Bucket }> {
  const double = await startDouble(options);
  const bucket = await openOn(double, more, tuning);
  double.requests.reset();
  return { double, bucket };
}

export async function makeBucket({ endpoint, region, credentials }: Server, name: string): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
}

/** More than anything takes that goes well. */
export const inTime = (): Patience => ({ deadline: performance.now() + 60_000 });

/** To be met. */
export const within = (ms: number): Patience => ({ deadline: performance.now() + ms });

export function etagOf(answer: PutAnswer): string {
  if (answer.outcome === "stored") return answer.etag;
  throw new Error("It was refused.");
}

export async function bytesOf(opened: OpenObject | undefined): Promise<Buffer> {
  if (opened === undefined) throw new Error("There is nothing.");
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Different at each place, so that a byte in the wrong one is seen. */
export function patternOf(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 2_654_435_761);
  return new Uint8Array(words.buffer, 0, length);
}

export const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => each(i));
