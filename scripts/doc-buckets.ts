// The buckets of the documentation's examples: one for each page that needs one, on a double in this process.
import { createBucket } from "@cuitty/persist-servers";
import { type S3Double, startS3Double } from "@cuitty/persist-testkit/s3-double";

export interface DocBuckets extends AsyncDisposable {
  /** What an example finds in its environment: the same for each call with the page. */
  environmentFor(page: string): Promise<Readonly<Record<string, string>>>;
}

export function createDocBuckets(): DocBuckets {
  let server: Promise<S3Double> | undefined;
  const buckets = new Map<string, Promise<string>>();

  const make = async (double: S3Double) => (await createBucket(double)).bucket;

  return {
    async environmentFor(page) {
      server ??= startS3Double();
      const double = await server;
      const bucket = buckets.get(page) ?? make(double);
      buckets.set(page, bucket);
      return {
        S3_BUCKET: await bucket,
        S3_ENDPOINT: double.endpoint,
        AWS_REGION: double.region,
        AWS_ACCESS_KEY_ID: double.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: double.credentials.secretAccessKey,
      };
    },
    async [Symbol.asyncDispose]() {
      await (await server)?.close();
    },
  };
}
