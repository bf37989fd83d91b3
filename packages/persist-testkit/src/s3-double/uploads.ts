/** Uploads in parts, until they are completed. */
import { randomBytes } from "node:crypto";
import type { Part, Upload } from "./bucket.ts";
import { toUtf8 } from "./byte-string.ts";
import { type ChecksumAlgorithm, type ChecksumType, checksumAlgorithms, checksumHeader } from "./checksum.ts";
import { bucketOf, type Exchange, quoted, type Reply, xmlReply } from "./exchange.ts";
import { metadataOf } from "./metadata.ts";
import { checkKey, parameter } from "./request.ts";
import { invalidArgument, invalidRequest, noSuchUpload } from "./s3-error.ts";
import { resultDocument, textElement } from "./xml-writer.ts";

export const mostParts = 10_000;

export function createMultipartUpload(exchange: Exchange): Reply {
  const { request, profile, now } = exchange;
  const { key, headers, bucket } = request;
  checkKey(key, profile);
  const checksum = profile.checksums ? checksumOfUpload(headers) : undefined;
  const id = randomBytes(24).toString("base64url");
  const upload: Upload = {
    id,
    key,
    metadata: metadataOf(headers, profile.mostMetadata),
    initiated: now(),
    checksum,
    parts: new Map(),
  };
  bucketOf(exchange).uploads.set(id, upload);
  const elements = [textElement("Bucket", bucket), textElement("Key", toUtf8(key)), textElement("UploadId", id)];
  const chosen = checksum && {
    "x-amz-checksum-algorithm": checksum.algorithm,
    "x-amz-checksum-type": checksum.type,
  };
  return { ...xmlReply(resultDocument("InitiateMultipartUploadResult", elements)), headers: { ...chosen } };
}

export async function uploadPart(exchange: Exchange): Promise<Reply> {
  const upload = uploadOf(exchange);
  const number = partNumberOf(exchange);
  const { content, md5, checksum } = await exchange.receive();
  const [expected, actual] = [upload.checksum?.algorithm, checksum?.algorithm];
  if (expected !== undefined && actual !== undefined && expected !== actual) {
    const types = `expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${actual.toLowerCase()}`;
    throw invalidRequest(`Checksum Type mismatch occurred, ${types}`);
  }
  // It may have been completed or aborted while the bytes came.
  uploadOf(exchange);
  addPart(upload, { number, content, md5, modified: exchange.now(), checksum });
  const answered = checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value };
  return { status: 200, headers: { etag: quoted(md5.toString("hex")), ...answered } };
}

export function abortMultipartUpload(exchange: Exchange): Reply {
  const { id } = uploadOf(exchange);
  bucketOf(exchange).uploads.delete(id);
  return { status: 204 };
}

/** @throws S3Error `NoSuchUpload` */
export function uploadOf(exchange: Exchange): Upload {
  const upload = bucketOf(exchange).uploads.get(parameter(exchange.request, "uploadId") ?? "");
  if (upload === undefined || upload.key !== exchange.request.key) throw noSuchUpload();
  return upload;
}

export function partNumberOf({ request, profile }: Exchange): number {
  const text = parameter(request, "partNumber") ?? "";
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (!profile.checksPartNumbers || (number >= 1 && number <= mostParts)) return number;
  throw invalidArgument(`Part number must be an integer between 1 and ${mostParts}, inclusive`);
}

/** In the place of an earlier one of that number. */
export function addPart({ parts }: Upload, part: Part): void {
  parts.set(part.number, part);
}

function checksumOfUpload(
  headers: ReadonlyMap<string, string>,
): { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined {
  const asked = headers.get("x-amz-checksum-algorithm")?.toUpperCase();
  if (asked === undefined) return undefined;
  const algorithm = checksumAlgorithms.find((known) => known === asked);
  if (algorithm === undefined) throw invalidRequest("Checksum algorithm provided is unsupported.");
  const type = headers.get("x-amz-checksum-type") ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  const isPossible =
    (type === "COMPOSITE" && algorithm !== "CRC64NVME") || (type === "FULL_OBJECT" && algorithm.startsWith("CRC"));
  if (isPossible) return { algorithm, type };
  throw invalidRequest(
    `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}
