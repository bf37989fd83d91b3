/** Makes an object of the parts of an upload. */
import { createHash } from "node:crypto";
import { isChecksum } from "./body.ts";
import type { Part, StoredObject, Upload } from "./bucket.ts";
import { toUtf8 } from "./byte-string.ts";
import { type Checksum, checksumElement, checksumHeader, checksumOf } from "./checksum.ts";
import { checksumElements } from "./checksum-answer.ts";
import { writeConditions } from "./conditions.ts";
import { joinContents } from "./content.ts";
import { bucketOf, type Exchange, quoted, type Reply, xmlReply } from "./exchange.ts";
import { invalidRequest, malformedXml, noSuchUpload, S3Error } from "./s3-error.ts";
import { mostParts, uploadOf } from "./uploads.ts";
import { guardWrite } from "./write-guard.ts";
import { readXmlBody } from "./xml-body.ts";
import { textOf, type XmlElement } from "./xml-reader.ts";
import { resultDocument, textElement } from "./xml-writer.ts";

/** All but the last part have at least so many bytes. */
const smallestPart = 5 * 1024 ** 2;

export async function completeMultipartUpload(exchange: Exchange): Promise<Reply> {
  const { request, profile } = exchange;
  const { key, headers, bucket } = request;
  const { objects, uploads } = bucketOf(exchange);
  const upload = findUpload(exchange);
  const guard = guardWrite(objects.get(key), writeConditions(headers), profile, profile.otherConditions);
  const { root } = await readXmlBody(exchange, "CompleteMultipartUpload");
  if (!uploads.has(upload.id)) throw noSuchUpload();
  const parts = partsOf(root, upload, profile.checksPartNumbers);
  const content = joinContents(parts.map((part) => part.content));
  const checksum = checksumOfParts(upload, parts);
  checkWhole(headers, content.size, checksum);
  guard.check(objects.get(key));
  const { metadata } = upload;
  const object: StoredObject = { key, content, etag: etagOf(parts), modified: exchange.now(), metadata, checksum };
  objects.set(key, object);
  uploads.delete(upload.id);
  const elements = [
    textElement("Location", `http://${headers.get("host")}${request.incoming.url?.split("?")[0]}`),
    textElement("Bucket", bucket),
    textElement("Key", toUtf8(key)),
    textElement("ETag", profile.answersEtagOfUpload ? quoted(object.etag) : undefined),
    ...checksumElements(checksum),
  ];
  return xmlReply(resultDocument("CompleteMultipartUploadResult", elements));
}

function findUpload(exchange: Exchange): Upload {
  try {
    return uploadOf(exchange);
  } catch (error) {
    if (exchange.profile.missesUpload) throw error;
    throw new S3Error(500, "InternalError", "InternalError");
  }
}

function partsOf(root: XmlElement, upload: Upload, checksOrder: boolean): Part[] {
  const named = root.children.filter(({ name }) => name === "Part");
  if (named.length === 0 || named.length > mostParts) throw malformedXml();
  let previous = 0;
  const parts = named.map((element) => {
    const number = Number(textOf(element, "PartNumber"));
    if (checksOrder && !(number > previous)) {
      throw new S3Error(400, "InvalidPartOrder", "The list of parts was not in ascending order.");
    }
    previous = number;
    return findPart(element, number, upload);
  });
  if (!checksOrder) parts.sort((a, b) => a.number - b.number);
  for (const part of parts.slice(0, -1)) {
    if (part.content.size >= smallestPart) continue;
    throw new S3Error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
      ProposedSize: part.content.size,
      MinSizeAllowed: smallestPart,
      PartNumber: part.number,
    });
  }
  return parts;
}

function findPart(element: XmlElement, number: number, { parts, checksum, id }: Upload): Part {
  const part = parts.get(number);
  const etag = textOf(element, "ETag")?.replaceAll('"', "");
  if (part === undefined || etag !== part.md5.toString("hex")) throw invalidPart(id, number);
  if (checksum !== undefined) {
    const given = textOf(element, checksumElement(checksum.algorithm));
    if (given === undefined && checksum.type === "COMPOSITE") {
      const algorithm = checksum.algorithm.toLowerCase();
      throw invalidRequest(
        `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
      );
    }
    if (given !== undefined && given !== part.checksum?.value) throw invalidPart(id, number);
  }
  return part;
}

function invalidPart(uploadId: string, number: number): S3Error {
  const message =
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
  return new S3Error(400, "InvalidPart", message, { UploadId: uploadId, PartNumber: number });
}

function etagOf(parts: readonly Part[]): string {
  const md5 = createHash("md5");
  for (const part of parts) md5.update(part.md5);
  return `${md5.digest("hex")}-${parts.length}`;
}

function checksumOfParts({ checksum }: Upload, parts: readonly Part[]): Checksum | undefined {
  if (checksum === undefined) return undefined;
  const { algorithm, type } = checksum;
  if (type === "FULL_OBJECT") {
    const { pieces, size } = joinContents(parts.map(({ content }) => content));
    return { algorithm, type, value: checksumOf(algorithm, pieces(0, size)) };
  }
  const ofParts = parts.map((part) => {
    const value = part.checksum?.value ?? checksumOf(algorithm, part.content.pieces(0, part.content.size));
    return Buffer.from(value, "base64");
  });
  return { algorithm, type, value: `${checksumOf(algorithm, ofParts)}-${parts.length}` };
}

/** What the request says about the object as a whole. */
function checkWhole(headers: ReadonlyMap<string, string>, size: number, checksum: Checksum | undefined): void {
  const expectedSize = headers.get("x-amz-mp-object-size");
  if (expectedSize !== undefined && Number(expectedSize) !== size) {
    throw invalidRequest("The provided 'x-amz-mp-object-size' header does not match what was computed.");
  }
  if (checksum === undefined) return;
  const given = headers.get(checksumHeader(checksum.algorithm));
  if (given === undefined || given === checksum.value) return;
  if (checksum.type === "FULL_OBJECT" && !isChecksum(checksum.algorithm, given)) {
    throw invalidRequest(`Value for ${checksumHeader(checksum.algorithm)} header is invalid.`);
  }
  throw new S3Error(400, "BadDigest", `The ${checksum.algorithm} you specified did not match what we received.`);
}
