/** An S3 server that runs already, as the environment names it. */
export interface GivenS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/**
 * The server of `PERSIST_TEST_S3_ENDPOINT`, or `undefined` where that is not set. Buckets are made on it, and left to
 * its owner.
 *
 * @throws Error where its credentials are missing.
 */
export function givenS3(): GivenS3 | undefined {
  const {
    PERSIST_TEST_S3_ENDPOINT: endpoint,
    PERSIST_TEST_S3_REGION: region = "us-east-1",
    PERSIST_TEST_S3_ACCESS_KEY_ID: accessKeyId,
    PERSIST_TEST_S3_SECRET_ACCESS_KEY: secretAccessKey,
    PERSIST_TEST_S3_SESSION_TOKEN: sessionToken,
  } = process.env;
  if (!endpoint) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    throw new Error(
      "PERSIST_TEST_S3_ENDPOINT names a server: set PERSIST_TEST_S3_ACCESS_KEY_ID and PERSIST_TEST_S3_SECRET_ACCESS_KEY, too",
    );
  }
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } };
}
