/** Takes the body of a request in, and holds it to all that the request says about it. */
import { createHash } from "node:crypto";
import type { Authenticated } from "./authentication.ts";
import { chunkedForm, decodeChunks, incomplete, malformedTrailer } from "./aws-chunked.ts";
import {
  type ChecksumAlgorithm,
  checksumAlgorithms,
  checksumHeader,
  checksumLength,
  type RunningChecksum,
  startChecksum,
} from "./checksum.ts";
import { type Content, contentOf } from "./content.ts";
import type { Profile } from "./profile.ts";
import type { S3Request } from "./request.ts";
import { invalidArgument, invalidRequest, S3Error } from "./s3-error.ts";

export interface Body {
  readonly content: Content;
  readonly md5: Buffer;
  /** What the request said of it, and was right about. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
  readonly hasMd5: boolean;
}

/** @param largest - In bytes. */
export async function receiveBody(
  request: S3Request,
  authenticated: Authenticated,
  profile: Profile,
  source: AsyncIterable<Buffer>,
  largest: number,
): Promise<Body> {
  const { headers } = request;
  const form = chunkedForm(authenticated.payloadHash);
  if (form?.hasTrailers && !profile.trailers) throw missingLength();
  const length = lengthOf(headers, form !== undefined);
  if (length > largest) {
    const message = "Your proposed upload exceeds the maximum allowed size";
    throw new S3Error(400, "EntityTooLarge", message, { ProposedSize: length, MaxSizeAllowed: largest });
  }
  const contentMd5 = readMd5(headers.get("content-md5"));
  // That of a completion is of the object which it makes.
  const isOfBody = profile.checksums && request.operation !== "CompleteMultipartUpload";
  const expected = isOfBody ? expectedChecksum(headers) : undefined;
  const trailers = new Map<string, string>();
  const decoded = form === undefined ? source : decodeChunks(source, form, authenticated, trailers);

  const signedHash = signedPayload(authenticated.payloadHash);
  const running = expected && startChecksum(expected.algorithm);
  const { content, md5 } = await collect(decoded, length, running, signedHash);
  if (contentMd5 !== undefined && !md5.equals(contentMd5)) throw badDigest("Content-MD5");
  const checksum = expected && {
    algorithm: expected.algorithm,
    value: expected.value ?? readTrailer(expected.algorithm, trailers),
  };
  if (checksum !== undefined && running?.digest() !== checksum.value) throw badDigest(checksum.algorithm);
  return { content, md5, checksum, hasMd5: contentMd5 !== undefined };
}

async function collect(
  source: AsyncIterable<Buffer>,
  length: number,
  running: RunningChecksum | undefined,
  signedHash: string | undefined,
) {
  const pieces: Buffer[] = [];
  const md5 = createHash("md5");
  const sha256 = signedHash === undefined ? undefined : createHash("sha256");
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > length) throw incomplete();
    md5.update(piece);
    sha256?.update(piece);
    running?.update(piece);
    pieces.push(piece);
  }
  if (size !== length) throw incomplete();
  if (sha256 !== undefined && sha256.digest("hex") !== signedHash) {
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    throw new S3Error(400, "XAmzContentSHA256Mismatch", message);
  }
  return { content: contentOf(pieces), md5: md5.digest() };
}

/** The hash that was signed along, where it is one. */
function signedPayload(payloadHash: string): string | undefined {
  if (/^[\da-f]{64}$/.test(payloadHash)) return payloadHash;
  if (payloadHash === "UNSIGNED-PAYLOAD" || chunkedForm(payloadHash) !== undefined) return undefined;
  throw invalidArgument("x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of STREAMING-*, or a valid sha256 value.");
}

function lengthOf(headers: ReadonlyMap<string, string>, isChunked: boolean): number {
  const text = headers.get(isChunked ? "x-amz-decoded-content-length" : "content-length");
  if (text === undefined) throw missingLength();
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument("The length of the body is no number");
  return Number(text);
}

function readMd5(header: string | undefined): Buffer | undefined {
  if (header === undefined) return undefined;
  const bytes = Buffer.from(header, "base64");
  if (bytes.length === 16 && bytes.toString("base64") === header) return bytes;
  throw new S3Error(400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
}

/** Which checksum the body is to have. Where `value` is missing it comes as a trailer. */
function expectedChecksum(
  headers: ReadonlyMap<string, string>,
): { readonly algorithm: ChecksumAlgorithm; readonly value: string | undefined } | undefined {
  const given = checksumAlgorithms.filter((algorithm) => headers.has(checksumHeader(algorithm)));
  const announced = (headers.get("x-amz-trailer") ?? "").toLowerCase().split(",");
  const trailing = checksumAlgorithms.filter((algorithm) => announced.includes(checksumHeader(algorithm)));
  const [algorithm, another] = [...given, ...trailing];
  if (another !== undefined) {
    throw invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  }
  const named = headers.get("x-amz-sdk-checksum-algorithm");
  if (named !== undefined && named.toUpperCase() !== algorithm) {
    throw invalidRequest(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  if (algorithm === undefined) return undefined;
  const value = headers.get(checksumHeader(algorithm));
  if (value !== undefined && !isChecksum(algorithm, value)) {
    throw invalidRequest(`Value for ${checksumHeader(algorithm)} header is invalid.`);
  }
  return { algorithm, value };
}

function readTrailer(algorithm: ChecksumAlgorithm, trailers: ReadonlyMap<string, string>): string {
  const value = trailers.get(checksumHeader(algorithm));
  if (value === undefined || !isChecksum(algorithm, value)) throw malformedTrailer();
  return value;
}

export function isChecksum(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = Buffer.from(value, "base64");
  return bytes.length === checksumLength[algorithm] && bytes.toString("base64") === value;
}

const badDigest = (name: string) =>
  new S3Error(400, "BadDigest", `The ${name} you specified did not match what we received.`);

const missingLength = () =>
  new S3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
