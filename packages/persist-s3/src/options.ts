import { checkName, checkOptionNames, PersistError } from "@cuitty/persist-core";
import type { Access, S3Client } from "./driver.ts";

export interface S3Options {
  /** The bucket, which must exist. Stores share one by their names and by `prefix`. */
  bucket: string;
  /** Default: what the AWS SDK finds, in AWS_REGION or in the profile. */
  region?: string | undefined;
  /** Default: the AWS SDK's chain of credential providers: the environment, the profile, the role of the machine. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined } | undefined;
  /** What all keys of the store begin with. At most 256 bytes in UTF-8, with the `/` at its end, which is added where it is missing. Default `""`. */
  prefix?: string;
  /** The URL of a server other than AWS, such as `https://s3.example.com`. */
  endpoint?: string;
  /** Whether the bucket is part of the path of URLs, and not of the host. Default: `true` where `endpoint` is given. */
  forcePathStyle?: boolean;
  /** Another S3Client of the AWS SDK, used as it is and not destroyed with the store: its retries and connections are its own. */
  client?: S3Client;
  /** The parts of large uploads, in bytes: 5 MiB to 5 GiB. An upload has at most 10 000, so it ends at 80 GB with the default of 8 MiB. */
  partSize?: number;
  /** The most requests at once, 1 to 1 000. Default 50. A given client has a limit of its own as well. */
  concurrency?: number;
  timeouts?: {
    /** How long making a connection may take, in milliseconds. Default 5 000. A given client has its own. */
    connect?: number | undefined;
    /** How long the server may be silent, in milliseconds, before the request is sent again. Default 15 000. */
    request?: number | undefined;
  };
  /** Whether changes are kept for `changes` and `watch`. It costs three requests for a write instead of one, and is decided when the store is made. Default `false`. */
  feed?: boolean;
}

/** What the factory gets: its own options, and those that `createStore` passes on. */
export interface S3FactoryOptions extends S3Options {
  name?: string;
  namespace?: string;
  adapter?: unknown;
  clock?: () => number;
  require?: unknown;
}

export interface ParsedOptions {
  readonly bucket: string;
  /** Empty, or with `/` at its end. */
  readonly prefix: string;
  readonly server: { readonly access: Access } | { readonly client: S3Client };
  /** For messages. */
  readonly place: string;
  /** Bytes. */
  readonly partSize: number;
  readonly concurrency: number;
  /** Milliseconds. */
  readonly requestTimeout: number;
  readonly feed: boolean;
}

const passed = ["name", "namespace", "adapter", "clock", "require"];
const own = ["region", "credentials", "endpoint", "forcePathStyle"] as const;
const known = ["bucket", "prefix", "client", "partSize", "concurrency", "timeouts", "feed", ...own];

const mebibyte = 1024 * 1024;
const defaults = { partSize: 8 * mebibyte, concurrency: 50, connect: 5_000, request: 15_000 };
const mostPrefixBytes = 256;

/** Throws INVALID_ARGUMENT. Messages never hold a secret. */
export function parseOptions(options: S3FactoryOptions): ParsedOptions {
  checkOptionNames("s3", options, [...known, ...passed]);
  const { name, feed = false, timeouts = {} } = options;
  if (name !== undefined) checkName(name, "name");
  if (typeof feed !== "boolean") throw invalid("The option feed must be true or false.");
  checkOptionNames("s3: timeouts", timeouts, ["connect", "request"]);
  const bucket = checkBucket(options.bucket);
  const concurrency = whole("concurrency", options.concurrency, defaults.concurrency, 1, 1_000);
  const connectTimeout = whole("timeouts.connect", timeouts.connect, defaults.connect, 1, 600_000);
  const server =
    options.client === undefined
      ? { access: checkAccess(options, concurrency, connectTimeout) }
      : { client: checkClient(options.client, options) };
  return {
    bucket,
    prefix: checkPrefix(options.prefix),
    server,
    place: placeOf(bucket, server),
    partSize: whole("partSize", options.partSize, defaults.partSize, 5 * mebibyte, 5 * 1024 * mebibyte),
    concurrency,
    requestTimeout: whole("timeouts.request", timeouts.request, defaults.request, 1, 3_600_000),
    feed,
  };
}

function checkBucket(bucket: unknown): string {
  if (bucket === undefined) throw invalid("s3 needs the option bucket.");
  if (typeof bucket !== "string" || !/^(arn:[!-~]{1,2000}|[A-Za-z0-9._-]{3,255})$/.test(bucket)) {
    throw invalid(
      "The option bucket must be the name of a bucket, 3 to 255 of the characters A-Z a-z 0-9 . _ -, or an ARN.",
    );
  }
  if (bucket.endsWith("--x-s3")) {
    throw invalid(
      "The option bucket names a directory bucket. Those list their keys in no order; pass a general purpose bucket.",
    );
  }
  return bucket;
}

function checkPrefix(prefix: unknown = ""): string {
  if (typeof prefix !== "string") throw invalid("The option prefix must be a string.");
  if (prefix.includes("\0") || !prefix.isWellFormed()) {
    throw invalid("The option prefix must be well-formed Unicode without NUL (U+0000).");
  }
  const whole = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const length = Buffer.byteLength(whole);
  if (length > mostPrefixBytes) {
    throw invalid(
      `The option prefix is ${length} bytes long in UTF-8, with the / at its end; the limit is ${mostPrefixBytes}.`,
    );
  }
  return whole;
}

function checkAccess(options: S3Options, concurrency: number, connectTimeout: number): Access {
  const { region } = options;
  if (region !== undefined && (typeof region !== "string" || !/^[A-Za-z0-9-]{1,64}$/.test(region))) {
    throw invalid('The option region must be the name of a region, such as "us-east-1".');
  }
  const endpoint = checkEndpoint(options.endpoint);
  const { forcePathStyle = endpoint !== undefined } = options;
  if (typeof forcePathStyle !== "boolean") throw invalid("The option forcePathStyle must be true or false.");
  const credentials = checkCredentials(options.credentials);
  return { region, credentials, endpoint, forcePathStyle, concurrency, connectTimeout };
}

function checkEndpoint(endpoint: unknown): string | undefined {
  if (endpoint === undefined) return undefined;
  const url = typeof endpoint === "string" && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw invalid("The option endpoint must be a URL such as https://s3.example.com.");
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid("The option endpoint must not hold credentials. Pass them by the option credentials.");
  }
  if (url.search !== "" || url.hash !== "") throw invalid("The option endpoint must not have a query or a fragment.");
  return url.href.replace(/\/$/, "");
}

/** The SDK notes more on the objects that it is given and that it gives. */
const credentialNames = [
  "accessKeyId",
  "secretAccessKey",
  "sessionToken",
  "expiration",
  "credentialScope",
  "accountId",
  "$source",
];

function checkCredentials(credentials: unknown): Access["credentials"] {
  if (credentials === undefined) return undefined;
  checkOptionNames("s3: credentials", credentials, credentialNames);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials as NonNullable<S3Options["credentials"]>;
  for (const [name, value] of Object.entries({ accessKeyId, secretAccessKey })) {
    if (typeof value === "string" && value !== "") continue;
    throw invalid(
      `The option credentials.${name} must be a string that is not empty. Is the environment variable set? Without credentials the SDK looks for some itself.`,
    );
  }
  if (sessionToken === undefined) return { accessKeyId, secretAccessKey };
  if (typeof sessionToken !== "string" || sessionToken === "") {
    throw invalid("The option credentials.sessionToken must be a string that is not empty.");
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}

function checkClient(client: unknown, options: S3Options): S3Client {
  const other = own.find((name) => options[name] !== undefined);
  if (other !== undefined) {
    throw invalid(
      `The options client and ${other} contradict each other: a given client brings its own. Set it there.`,
    );
  }
  const { timeouts } = options;
  if (timeouts?.connect !== undefined) {
    throw invalid("The options client and timeouts.connect contradict each other: a given client brings its own.");
  }
  const isClient =
    typeof client === "object" &&
    client !== null &&
    "send" in client &&
    "config" in client &&
    "middlewareStack" in client;
  if (!isClient) throw invalid("The option client must be an S3Client of @aws-sdk/client-s3.");
  return client as S3Client;
}

function whole(name: string, value: unknown, otherwise: number, least: number, most: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(
    `The option ${name} must be a whole number from ${least} to ${most} (it was ${typeof value === "number" ? value : typeof value}).`,
  );
}

function placeOf(bucket: string, server: ParsedOptions["server"]): string {
  const { endpoint, region } = "access" in server ? server.access : { endpoint: undefined, region: undefined };
  const where = endpoint === undefined ? region && ` in ${region}` : ` at ${endpoint}`;
  return `the bucket "${bucket}"${where ?? ""}`;
}

function invalid(message: string): PersistError {
  return new PersistError("INVALID_ARGUMENT", message, { adapter: "s3" });
}
