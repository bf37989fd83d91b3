/** A request as it came, taken apart. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type ByteString, isUtf8, percentDecode, toUtf8 } from "./byte-string.ts";
import { type Operation, operationOf } from "./operation.ts";
import type { Profile } from "./profile.ts";
import { invalidArgument, S3Error } from "./s3-error.ts";

export interface S3Request {
  /** As `x-amz-request-id` tells it. */
  readonly id: string;
  readonly operation: Operation;
  readonly method: string;
  /** Decoded. */
  readonly path: ByteString;
  /** `""` where the request is for none. */
  readonly bucket: string;
  /** `""` where the request is for none. */
  readonly key: ByteString;
  /** Decoded, in the order in which it came. */
  readonly query: readonly (readonly [name: ByteString, value: ByteString])[];
  /** Names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  readonly incoming: IncomingMessage;
}

/** The longest key, in bytes. */
const longestKey = 1024;

export function parseRequest(incoming: IncomingMessage): S3Request {
  const { method = "", url = "" } = incoming;
  const mark = url.indexOf("?");
  const path = percentDecode(mark < 0 ? url : url.slice(0, mark));
  const query = parseQuery(mark < 0 ? "" : url.slice(mark + 1));
  if (path === undefined || query === undefined || !path.startsWith("/")) {
    throw new S3Error(400, "InvalidURI", "Couldn't parse the specified URI.");
  }
  const slash = path.indexOf("/", 1);
  const bucket = path.slice(1, slash < 0 ? undefined : slash);
  const key = slash < 0 ? "" : path.slice(slash + 1);
  const operation = operationOf(method, bucket !== "", key !== "", new Map(query), incoming.headers);
  return { id: newRequestId(), operation, method, path, bucket, key, query, headers: headersOf(incoming), incoming };
}

export const newRequestId = (): string => randomBytes(8).toString("hex").toUpperCase();

/** @throws S3Error where no object can have this key. */
export function checkKey(key: ByteString, { longKeyCode }: Pick<Profile, "longKeyCode">): void {
  if (key.length > longestKey) {
    throw new S3Error(400, longKeyCode, "Your key is too long", {
      Size: key.length,
      MaxSizeAllowed: longestKey,
    });
  }
  if (!isUtf8(key)) throw new S3Error(400, "InvalidURI", "Couldn't parse the specified URI.");
}

/** A parameter of the query, or `undefined`. */
export function parameter({ query }: S3Request, name: string): ByteString | undefined {
  return query.find(([given]) => given === name)?.[1];
}

/** @throws S3Error `InvalidArgument` where it is no whole number from 0 to `most`. */
export function numberParameter(request: S3Request, name: string, most: number): number | undefined {
  const text = parameter(request, name);
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,10}$/.test(text) || Number(text) > most) {
    throw invalidArgument(`Argument ${name} must be an integer between 0 and ${most}`);
  }
  return Number(text);
}

/** For people and programs of a test. */
export function describeRequest({ operation, method, bucket, key, query, headers }: S3Request): RequestDescription {
  const decoded = query.map(([name, value]) => [toUtf8(name), toUtf8(value)]);
  return {
    operation,
    method,
    bucket,
    key: toUtf8(key),
    query: Object.fromEntries(decoded),
    headers: Object.fromEntries(headers),
  };
}

/** A request, as the predicates and listeners of a test get it. */
export interface RequestDescription {
  readonly operation: Operation;
  readonly method: string;
  /** `""` where the request is for none. */
  readonly bucket: string;
  /** `""` where the request is for none. */
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
}

function parseQuery(text: string): [ByteString, ByteString][] | undefined {
  const pairs: [ByteString, ByteString][] = [];
  for (const part of text.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const [name, value] = equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
    const decoded = [name, value].map((each) => percentDecode(each.replaceAll("+", "%20")));
    if (decoded[0] === undefined || decoded[1] === undefined) return undefined;
    pairs.push([decoded[0], decoded[1]]);
  }
  return pairs;
}

/**
 * In a presigned URL the headers of S3 may stand in the query: they count there as if they had come as headers. Those of
 * the signature itself are no headers.
 */
function headersOf({ headersDistinct, url = "" }: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, values = []] of Object.entries(headersDistinct)) headers.set(name, values.join(","));
  for (const [name, value] of parseQuery(url.split("?")[1] ?? "") ?? []) {
    const small = name.toLowerCase();
    if (small.startsWith("x-amz-") && !ofSignature.has(small) && !headers.has(small)) headers.set(small, value);
  }
  return headers;
}

const ofSignature = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-signedheaders",
  "x-amz-signature",
  "x-amz-content-sha256",
]);
