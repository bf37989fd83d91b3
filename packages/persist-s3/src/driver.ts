/** The AWS SDK. What there is to know of it stands here and in drivers/, and nowhere else: each function sends one request, and throws what the SDK throws. */
import { S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { createAgents } from "./drivers/agents.ts";
import { createGivenSender, createSender, type SendCommand } from "./drivers/sender.ts";

export type { S3Client } from "@aws-sdk/client-s3";

export interface Access {
  readonly region: string | undefined;
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string | undefined }
    | undefined;
  readonly endpoint: string | undefined;
  readonly forcePathStyle: boolean;
  /** The most connections. */
  readonly concurrency: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
}

/** A bucket, and how to ask about it. */
export interface Driver {
  readonly bucket: string;
  readonly client: S3Client;
  readonly send: SendCommand;
}

/** Whoever has too many requests at once waits for a connection, and that is no news. */
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

export function createDriver(bucket: string, access: Access): Driver {
  const { region, credentials, endpoint, forcePathStyle, concurrency, connectTimeout } = access;
  const requestHandler = new NodeHttpHandler({
    ...createAgents(concurrency, connectTimeout),
    requestTimeout: 0,
    socketTimeout: 0,
    logger: quiet,
  });
  const client = new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials: withoutNothing(credentials) }),
    forcePathStyle,
    logger: quiet,
    // Only who sent the request knows what a refusal after a lost answer means, so nobody else sends it again.
    maxAttempts: 1,
    // Bodies are signed. Checksums behind them (trailers) are what many servers do not take.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // The SDK would make a connection of its own for each body of some size.
    expectContinueHeader: false,
    requestHandler,
  });
  return { bucket, client, send: createSender(client, requestHandler) };
}

/** With a client that is used as it is. */
export const createGivenDriver = (bucket: string, client: S3Client): Driver => ({
  bucket,
  client,
  send: createGivenSender(client),
});

const withoutNothing = ({ sessionToken, ...keys }: NonNullable<Access["credentials"]>) =>
  sessionToken === undefined ? keys : { ...keys, sessionToken };

/** What tells one server from another, as far as a client knows it. */
export async function serverOf({ config }: S3Client): Promise<string> {
  const endpoint = await config.endpoint?.();
  if (endpoint === undefined) return await config.region();
  const { protocol, hostname, port, path } = endpoint;
  return `${protocol}//${hostname}:${port ?? ""}${path}`;
}
