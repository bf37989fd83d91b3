/** Copies within the server: of whole objects, and into parts of an upload. */
import { createHash } from "node:crypto";
import type { StoredObject } from "./bucket.ts";
import { type ByteString, percentDecode } from "./byte-string.ts";
import { type Checksum, type ChecksumAlgorithm, checksumAlgorithms, checksumOf } from "./checksum.ts";
import { checksumElements } from "./checksum-answer.ts";
import { checkRead, readConditions, writeConditions } from "./conditions.ts";
import { sliceOf } from "./content.ts";
import { bucketOf, type Exchange, isoTime, quoted, type Reply, xmlReply } from "./exchange.ts";
import { copiedMetadata } from "./metadata.ts";
import { findObject } from "./objects.ts";
import { checkKey } from "./request.ts";
import { invalidArgument, invalidRequest, notImplemented, preconditionFailed } from "./s3-error.ts";
import { addPart, partNumberOf, uploadOf } from "./uploads.ts";
import { guardWrite } from "./write-guard.ts";
import { resultDocument, textElement } from "./xml-writer.ts";

/** The most that one copy takes. */
const largestCopy = 5 * 1024 ** 3;

export function copyObject(exchange: Exchange): Reply {
  const { request, profile } = exchange;
  const { headers, key } = request;
  checkKey(key, profile);
  const { objects } = bucketOf(exchange);
  const source = sourceOf(exchange);
  if (source.content.size > largestCopy) {
    throw invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source");
  }
  const metadata = copiedMetadata(headers, source.metadata, profile.mostMetadata);
  if (source === objects.get(key) && metadata === source.metadata) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
    );
  }
  guardWrite(objects.get(key), writeConditions(headers), profile, profile.otherConditions).check(objects.get(key));
  const object: StoredObject = {
    ...source,
    key,
    metadata,
    modified: exchange.now(),
    etag: etagOfCopy(source, profile.keepsEtagOfCopy),
    checksum: profile.checksums ? checksumOfCopy(source, headers) : undefined,
  };
  objects.set(key, object);
  return xmlReply(resultDocument("CopyObjectResult", resultElements(object)));
}

export function uploadPartCopy(exchange: Exchange): Reply {
  const { request, now } = exchange;
  const upload = uploadOf(exchange);
  const number = partNumberOf(exchange);
  const source = sourceOf(exchange);
  const { start, end } = readCopyRange(request.headers.get("x-amz-copy-source-range"), source.content.size);
  const content = sliceOf(source.content, start, end);
  const md5 = createHash("md5");
  for (const piece of content.pieces(0, content.size)) md5.update(piece);
  const algorithm = upload.checksum?.algorithm;
  const checksum = algorithm && { algorithm, value: checksumOf(algorithm, content.pieces(0, content.size)) };
  const part = { number, content, md5: md5.digest(), modified: now(), checksum };
  addPart(upload, part);
  const elements = resultElements({ etag: part.md5.toString("hex"), modified: part.modified, checksum: undefined });
  return xmlReply(resultDocument("CopyPartResult", elements));
}

function resultElements({ etag, modified, checksum }: Pick<StoredObject, "etag" | "modified" | "checksum">): string[] {
  return [
    textElement("ETag", quoted(etag)),
    textElement("LastModified", isoTime(modified)),
    ...checksumElements(checksum),
  ];
}

/** @throws S3Error where it does not exist, or is not as the request wants it. */
function sourceOf(exchange: Exchange): StoredObject {
  const { request, profile } = exchange;
  const source = findObject(exchange, readSource(request.headers.get("x-amz-copy-source") ?? ""));
  if (profile.sourceConditions) {
    const conditions = readConditions(request.headers, "x-amz-copy-source-");
    if (checkRead(conditions, source) === "unchanged") throw preconditionFailed("x-amz-copy-source-If-None-Match");
  }
  return source;
}

function readSource(header: string): { bucket: string; key: ByteString } {
  const [path = "", ...version] = header.split("?");
  if (version.length > 0) throw notImplemented("the version of a copy source");
  const decoded = percentDecode(path.replace(/^\//, "")) ?? "";
  const slash = decoded.indexOf("/");
  if (slash < 1 || slash === decoded.length - 1) {
    throw invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  }
  return { bucket: decoded.slice(0, slash), key: decoded.slice(slash + 1) };
}

/** That of an object which was uploaded in parts is of its parts, which the copy has no more. */
function etagOfCopy({ etag, content }: StoredObject, keepsEtag: boolean): string {
  if (keepsEtag || !etag.includes("-")) return etag;
  const md5 = createHash("md5");
  for (const piece of content.pieces(0, content.size)) md5.update(piece);
  return md5.digest("hex");
}

function checksumOfCopy({ checksum, content }: StoredObject, headers: ReadonlyMap<string, string>) {
  const asked = headers.get("x-amz-checksum-algorithm")?.toUpperCase();
  const algorithm = (asked ?? checksum?.algorithm) as ChecksumAlgorithm | undefined;
  if (algorithm === undefined) return undefined;
  if (!checksumAlgorithms.includes(algorithm)) throw invalidRequest("Checksum algorithm provided is unsupported.");
  if (algorithm === checksum?.algorithm && checksum.type === "FULL_OBJECT") return checksum;
  const value = checksumOf(algorithm, content.pieces(0, content.size));
  return { algorithm, type: "FULL_OBJECT", value } satisfies Checksum;
}

function readCopyRange(header: string | undefined, size: number): { start: number; end: number } {
  if (header === undefined) return { start: 0, end: size };
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw invalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last");
  }
  if (Number(last) >= size) {
    throw invalidArgument(`Range specified is not valid for source object of size: ${size}`);
  }
  return { start: Number(first), end: Number(last) + 1 };
}
