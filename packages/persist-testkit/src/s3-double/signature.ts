/** AWS Signature Version 4: what is signed, and the signature of it. */
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { type ByteString, percentEncode } from "./byte-string.ts";

export const algorithm = "AWS4-HMAC-SHA256";

/** What a signature holds for: a day, a region and a service. */
export interface Scope {
  /** `"20260131"` */
  readonly day: string;
  readonly region: string;
  /** `"s3"` */
  readonly service: string;
}

export const scopeText = ({ day, region, service }: Scope): string => `${day}/${region}/${service}/aws4_request`;

/** A signer for one secret and one scope. */
export interface Signer {
  /** `time` as in `x-amz-date`; `text` with one character for each byte. */
  sign(kind: string, time: string, lines: readonly string[]): string;
}

export function createSigner(secret: string, scope: Scope): Signer {
  const key = keyOf(secret, scope);
  return {
    sign(kind, time, lines) {
      const text = [kind, time, scopeText(scope), ...lines].join("\n");
      return createHmac("sha256", key).update(text, "latin1").digest("hex");
    },
  };
}

/** Those that were made last, by secret and scope: almost all requests are signed with one, and making it takes longer than using it. */
const keys = new Map<string, KeyObject>();
const mostKeys = 100;

function keyOf(secret: string, scope: Scope): KeyObject {
  const name = `${scopeText(scope)} ${secret}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  const { day, region, service } = scope;
  const bytes = [day, region, service, "aws4_request"].reduce<Buffer | string>(
    (secretSoFar, part) => createHmac("sha256", secretSoFar).update(part).digest(),
    `AWS4${secret}`,
  );
  const key = createSecretKey(bytes as Buffer);
  if (keys.size === mostKeys) keys.clear();
  keys.set(name, key);
  return key;
}

export interface SignedRequest {
  readonly method: string;
  /** Decoded. */
  readonly path: ByteString;
  /** Decoded, without the signature itself. */
  readonly query: readonly (readonly [name: ByteString, value: ByteString])[];
  /** The signed ones, in their order, with the values that came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly payloadHash: string;
}

export function canonicalRequest({ method, path, query, headers, payloadHash }: SignedRequest): string {
  const pairs = query.map(([name, value]) => [percentEncode(name), percentEncode(value)] as const);
  const sorted = pairs.sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  return [
    method,
    percentEncode(path, "/"),
    sorted.map(([name, value]) => `${name}=${value}`).join("&"),
    ...headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}`),
    "",
    headers.map(([name]) => name).join(";"),
    payloadHash,
  ].join("\n");
}

/** Of text with one character for each byte. */
export const sha256 = (text: string): string => createHash("sha256").update(text, "latin1").digest("hex");

export function isSameSignature(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given, "latin1"), Buffer.from(right, "latin1")];
  return a.length === b.length && timingSafeEqual(a, b);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
