/** A server that answers as S3 does, inside the process of a test. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answer, type Server } from "./answer.ts";
import type { Credentials } from "./authentication.ts";
import { addBucket, type Buckets } from "./bucket.ts";
import { createFaults, type FaultRule, type Faults } from "./faults.ts";
import { type ProfileName, profiles } from "./profile.ts";
import { createRequestLog, type RequestLog } from "./request-log.ts";

export interface S3DoubleOptions {
  /**
   * As which server it answers. `"aws"` (the default): as AWS documents it. `"ceph16"`: with the departures that Ceph
   * 16.2.15 was measured to have. `"no-conditions"`: as AWS, but every conditional write succeeds.
   */
  readonly profile?: ProfileName;
  /** Buckets that exist from the start. Default: none. */
  readonly buckets?: readonly string[];
  /** Who may do everything; nobody else may do anything. Default: one pair of the double's own. */
  readonly credentials?: Credentials;
  /** Default `"us-east-1"`. Requests signed for another one are refused. */
  readonly region?: string;
  /** What goes wrong from the start; see {@link S3Double.faults}. */
  readonly faults?: readonly FaultRule[];
  /** For faults that come at random. Default 1: the same ones in each run. */
  readonly seed?: number;
  /**
   * What a conditional write hears whose condition held when it came and no more when it was to be done: `412`, or
   * `409 ConditionalRequestConflict`, of which AWS documents both. Default: that of the profile, `"412"` for `"aws"`.
   */
  readonly lostRace?: "412" | "409" | "500";
  /** The server's clock, in milliseconds since 1970. Default: that of the system. */
  readonly clock?: () => number;
}

export interface S3Double {
  /** `"http://127.0.0.1:…"`; buckets are part of the path. */
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  readonly credentials: Credentials;
  /** What goes wrong: may be changed at any time. */
  readonly faults: Faults;
  readonly requests: RequestLog;
  /** Cuts all connections and forgets everything. Once is enough. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const ownCredentials: Credentials = {
  accessKeyId: "AKIAS3DOUBLE",
  secretAccessKey: "the secret that tests of the double sign with",
};

/**
 * Starts it on a free port of 127.0.0.1. It keeps objects in memory and no process from ending.
 *
 * ```ts
 * await using s3 = await startS3Double({ buckets: ["files"] });
 * const { endpoint, region, credentials } = s3;
 * const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
 * ```
 *
 * @throws TypeError where there is no such option or profile.
 * @throws Error where no bucket can have that name: 3 to 63 small letters, digits, `-` and `.`.
 */
export async function startS3Double(options: S3DoubleOptions = {}): Promise<S3Double> {
  checkOptions(options);
  const { profile = "aws", credentials = ownCredentials, region = "us-east-1", clock = Date.now, lostRace } = options;
  const buckets: Buckets = new Map();
  for (const name of options.buckets ?? []) addBucket(buckets, name, clock());
  const faults = createFaults(options.seed ?? 1);
  for (const rule of options.faults ?? []) faults.add(rule);
  const log = createRequestLog();
  const quirks = { ...profiles[profile], ...(lostRace === undefined ? {} : { lostRace }) };
  const server: Server = {
    authority: { ...quirks, region, credentials: [credentials], now: clock },
    profile: quirks,
    buckets,
    faults,
    log,
  };

  const listener = createServer({ keepAliveTimeout: 60_000, requestTimeout: 600_000, headersTimeout: 30_000 });
  const handle = (expects: boolean) => (incoming: IncomingMessage, outgoing: ServerResponse) => {
    outgoing.on("error", () => outgoing.destroy());
    answer(server, incoming, outgoing, expects).catch(() => outgoing.destroy());
  };
  listener.on("request", handle(false));
  listener.on("checkContinue", handle(true));
  listener.on("connection", (socket) => {
    socket.unref();
    socket.setNoDelay(true);
  });
  listener.maxConnections = 1000;
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  listener.unref();
  const { port } = listener.address() as AddressInfo;

  const close = async () => {
    if (!listener.listening) return;
    const closed = once(listener, "close");
    listener.close();
    listener.closeAllConnections();
    await closed;
    buckets.clear();
  };
  const endpoint = `http://127.0.0.1:${port}`;
  return { endpoint, port, region, credentials, faults, requests: log, close, [Symbol.asyncDispose]: close };
}

const optionNames = ["profile", "buckets", "credentials", "region", "faults", "seed", "lostRace", "clock"];

function checkOptions(options: S3DoubleOptions): void {
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`startS3Double has no option "${unknown}". It has ${optionNames.join(", ")}.`);
  }
  const { profile } = options;
  if (profile !== undefined && !Object.hasOwn(profiles, profile)) {
    throw new TypeError(`startS3Double has no profile "${profile}". It has ${Object.keys(profiles).join(", ")}.`);
  }
}
