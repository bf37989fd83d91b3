import type { IncomingHttpHeaders } from "node:http";
import type { ByteString } from "./byte-string.ts";
import { S3Error } from "./s3-error.ts";

/** The operations that the double knows, under the names of the API reference. */
export type Operation =
  | "AbortMultipartUpload"
  | "CompleteMultipartUpload"
  | "CopyObject"
  | "CreateBucket"
  | "CreateMultipartUpload"
  | "DeleteBucket"
  | "DeleteBucketCors"
  | "DeleteObject"
  | "DeleteObjects"
  | "GetBucketCors"
  | "GetBucketLocation"
  | "GetObject"
  | "HeadBucket"
  | "HeadObject"
  | "ListBuckets"
  | "ListMultipartUploads"
  | "ListObjectsV2"
  | "ListParts"
  | "Preflight"
  | "PutBucketCors"
  | "PutObject"
  | "UploadPart"
  | "UploadPartCopy";

type Query = ReadonlyMap<ByteString, ByteString>;

/** @throws S3Error `NotImplemented` for any other, so that nobody takes a guess for an answer. */
export function operationOf(
  method: string,
  hasBucket: boolean,
  hasKey: boolean,
  query: Query,
  headers: IncomingHttpHeaders,
): Operation {
  const asked = [...query.keys()].filter((name) => !isPlain(name)).sort();
  if (method === "OPTIONS" && hasBucket) return "Preflight";
  const resource = hasKey ? "object" : hasBucket ? "bucket" : "service";
  const copies = method === "PUT" && headers["x-amz-copy-source"] !== undefined ? " copy" : "";
  const found = operations[`${method} ${resource} ${asked.join("&")}${copies}`];
  if (found === undefined) {
    throw new S3Error(501, "NotImplemented", `The S3 double has no ${method} ?${asked.join("&")} of a ${resource}.`);
  }
  return found;
}

/** By method, what it is for, and the parameters of the query that choose the operation, in alphabetical order. */
const operations: Readonly<Record<string, Operation | undefined>> = {
  "GET service ": "ListBuckets",
  "PUT bucket ": "CreateBucket",
  "HEAD bucket ": "HeadBucket",
  "DELETE bucket ": "DeleteBucket",
  "PUT bucket cors": "PutBucketCors",
  "GET bucket cors": "GetBucketCors",
  "DELETE bucket cors": "DeleteBucketCors",
  "GET bucket location": "GetBucketLocation",
  "GET bucket list-type": "ListObjectsV2",
  "GET bucket uploads": "ListMultipartUploads",
  "POST bucket delete": "DeleteObjects",
  "PUT object ": "PutObject",
  "PUT object  copy": "CopyObject",
  "GET object ": "GetObject",
  "HEAD object ": "HeadObject",
  "DELETE object ": "DeleteObject",
  "POST object uploads": "CreateMultipartUpload",
  "PUT object partNumber&uploadId": "UploadPart",
  "PUT object partNumber&uploadId copy": "UploadPartCopy",
  "POST object uploadId": "CompleteMultipartUpload",
  "DELETE object uploadId": "AbortMultipartUpload",
  "GET object uploadId": "ListParts",
};

/** Whether it says how an operation is to be done, not which. */
const isPlain = (name: string) => plain.has(name) || /^x-(amz|id)/i.test(name) || name.startsWith("response-");

const plain = new Set([
  "prefix",
  "delimiter",
  "start-after",
  "continuation-token",
  "max-keys",
  "encoding-type",
  "fetch-owner",
  "key-marker",
  "upload-id-marker",
  "max-uploads",
  "part-number-marker",
  "max-parts",
  "max-buckets",
]);
