/** Who a request is from, and whether it is what they signed. */
import { isInTime, mostSkew, readTime } from "./amz-time.ts";
import { parameter, type S3Request } from "./request.ts";
import { S3Error } from "./s3-error.ts";
import { algorithm, canonicalRequest, createSigner, isSameSignature, type Signer, sha256 } from "./signature.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials: requests have to bring it along. */
  readonly sessionToken?: string;
}

export interface Authority {
  readonly region: string;
  readonly credentials: readonly Credentials[];
  /** Whether requests have to be signed for {@link region}. */
  readonly checksRegion: boolean;
  /** Whether all headers of S3 have to be signed. */
  readonly wantsHeadersSigned: boolean;
  now(): number;
}

/** What the body of the request is held to. */
export interface Authenticated {
  /** The value of `x-amz-content-sha256`. */
  readonly payloadHash: string;
  /** For the signatures of its chunks, each over the one before. */
  readonly chain: { readonly signer: Signer; readonly time: string; readonly seed: string };
}

interface Claim {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly time: string;
  readonly token: string | undefined;
  readonly payloadHash: string;
}

export function authenticate(request: S3Request, authority: Authority): Authenticated {
  const isPresigned = parameter(request, "X-Amz-Algorithm") !== undefined;
  const claim = isPresigned ? readUrl(request, authority) : readHeaders(request, authority);
  const { accessKeyId, day, region, service, signedHeaders, signature, time, payloadHash } = claim;
  const known = authority.credentials.find((one) => one.accessKeyId === accessKeyId);
  if (known === undefined) {
    const message = "The AWS Access Key Id you provided does not exist in our records.";
    throw new S3Error(403, "InvalidAccessKeyId", message, { AWSAccessKeyId: accessKeyId });
  }
  if (known.sessionToken !== claim.token) {
    throw new S3Error(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  if (service !== "s3" || !time.startsWith(day)) throw malformed("the credential's scope is not that of the request");
  if (authority.checksRegion && region !== authority.region) {
    throw malformed(`the region '${region}' is wrong; expecting '${authority.region}'`, { Region: authority.region });
  }
  if (authority.wantsHeadersSigned) checkSignedHeaders(request, signedHeaders);
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: request.query.filter(([name]) => name !== "X-Amz-Signature"),
    headers: signedHeaders.map((name) => [name, ownHeader(request, name) ?? ""]),
    payloadHash,
  });
  const signer = createSigner(known.secretAccessKey, { day, region, service });
  if (!isSameSignature(signature, signer.sign(algorithm, time, [sha256(canonical)]))) {
    const message =
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    throw new S3Error(403, "SignatureDoesNotMatch", message, { AWSAccessKeyId: accessKeyId });
  }
  return { payloadHash, chain: { signer, time, seed: signature } };
}

function readHeaders(request: S3Request, { now }: Authority): Claim {
  const authorization = ownHeader(request, "authorization");
  if (authorization === undefined) throw accessDenied("Access Denied");
  const [, credential, headers, signature] = authorizationForm.exec(authorization) ?? [];
  if (credential === undefined || headers === undefined || signature === undefined) {
    throw malformed("the authorization header is not one of AWS4-HMAC-SHA256");
  }
  const time = ownHeader(request, "x-amz-date");
  const at = time === undefined ? undefined : readTime(time);
  if (time === undefined || at === undefined) {
    throw accessDenied("AWS authentication requires a valid Date or x-amz-date header");
  }
  if (!isInTime(at, now())) throw tooSkewed(time, now());
  const payloadHash = ownHeader(request, "x-amz-content-sha256");
  if (payloadHash === undefined) {
    throw new S3Error(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  const token = ownHeader(request, "x-amz-security-token");
  return { ...readCredential(credential), signedHeaders: headers.split(";"), signature, time, token, payloadHash };
}

const authorizationForm =
  /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([\da-f]{64})$/;

function readUrl(request: S3Request, { now }: Authority): Claim {
  const [given, credential, time, expires, headers, signature] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
  ].map((name) => parameter(request, name) ?? "") as [string, string, string, string, string, string];
  const at = readTime(time);
  const seconds = /^\d{1,7}$/.test(expires) ? Number(expires) : Number.NaN;
  if (given !== algorithm || at === undefined || !/^[\da-f]{64}$/.test(signature) || headers === "") {
    throw queryError("Query-string authentication version 4 requires all of its X-Amz-* parameters");
  }
  if (!(seconds >= 1 && seconds <= week)) {
    throw queryError("X-Amz-Expires must be a number of seconds of at least 1 and less than a week");
  }
  if (at > now() + mostSkew) throw accessDenied("Request is not yet valid");
  if (now() > at + seconds * 1000) {
    throw accessDenied("Request has expired", { Expires: iso(at + seconds * 1000), ServerTime: iso(now()) });
  }
  return {
    ...readCredential(credential),
    signedHeaders: headers.split(";"),
    signature,
    time,
    token: parameter(request, "X-Amz-Security-Token"),
    payloadHash:
      ownHeader(request, "x-amz-content-sha256") ?? parameter(request, "X-Amz-Content-Sha256") ?? "UNSIGNED-PAYLOAD",
  };
}

const week = 604_800;

function readCredential(text: string): Pick<Claim, "accessKeyId" | "day" | "region" | "service"> {
  const parts = text.split("/");
  const [accessKeyId, day, region, service, last] = parts;
  if (parts.length !== 5 || last !== "aws4_request" || !accessKeyId || !day || !region || !service) {
    throw malformed("the credential is not of the form <key>/YYYYMMDD/REGION/SERVICE/aws4_request");
  }
  return { accessKeyId, day, region, service };
}

/** What somebody on the way could have added or changed must not do anything. */
function checkSignedHeaders({ incoming: { headers } }: S3Request, signed: readonly string[]): void {
  const isUnsigned = (name: string) =>
    name === "host" || (name.startsWith("x-amz-") && name !== "x-amz-content-sha256");
  const left = Object.keys(headers).filter((name) => isUnsigned(name) && !signed.includes(name));
  if (left.length === 0) return;
  const message = "There were headers present in the request which were not signed";
  throw accessDenied(message, { HeadersNotSigned: left.join(", ") });
}

/** As it came as a header. */
function ownHeader({ incoming }: S3Request, name: string): string | undefined {
  return incoming.headersDistinct[name]?.join(",");
}

function tooSkewed(time: string, now: number): S3Error {
  return new S3Error(
    403,
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
    { RequestTime: time, ServerTime: iso(now), MaxAllowedSkewMilliseconds: mostSkew },
  );
}

const iso = (time: number) => new Date(time).toISOString();

const accessDenied = (message: string, details?: Record<string, string>) =>
  new S3Error(403, "AccessDenied", message, details);

const malformed = (why: string, details?: Record<string, string>) =>
  new S3Error(400, "AuthorizationHeaderMalformed", `The authorization header is malformed; ${why}`, details);

const queryError = (message: string) => new S3Error(400, "AuthorizationQueryParametersError", message);
