/** What is known of uploads that are not completed. */
import type { Upload } from "./bucket.ts";
import { checksumElement } from "./checksum.ts";
import { bucketOf, type Exchange, isoTime, quoted, type Reply, xmlReply } from "./exchange.ts";
import { keyWriter } from "./listing.ts";
import { numberParameter, parameter } from "./request.ts";
import { notImplemented } from "./s3-error.ts";
import { mostParts, uploadOf } from "./uploads.ts";
import { element, resultDocument, textElement } from "./xml-writer.ts";

const mostOfPage = 1000;
const mostAskedFor = 2 ** 31 - 1;

export function listParts(exchange: Exchange): Reply {
  const { request } = exchange;
  const upload = uploadOf(exchange);
  const marker = numberParameter(request, "part-number-marker", mostParts) ?? 0;
  const most = Math.min(mostOfPage, numberParameter(request, "max-parts", mostAskedFor) ?? mostOfPage);
  const after = [...upload.parts.values()].filter(({ number }) => number > marker).sort((a, b) => a.number - b.number);
  const page = after.slice(0, most);
  const elements = [
    textElement("Bucket", request.bucket),
    textElement("Key", keyWriter(exchange)(upload.key)),
    textElement("UploadId", upload.id),
    textElement("PartNumberMarker", marker),
    textElement("NextPartNumberMarker", page.at(-1)?.number ?? marker),
    textElement("MaxParts", most),
    textElement("IsTruncated", after.length > page.length && most > 0),
    textElement("ChecksumAlgorithm", upload.checksum?.algorithm),
    textElement("ChecksumType", upload.checksum?.type),
    textElement("StorageClass", "STANDARD"),
    ...page.map(({ number, content, md5, modified, checksum }) =>
      element("Part", [
        textElement("PartNumber", number),
        textElement("LastModified", isoTime(modified)),
        textElement("ETag", quoted(md5.toString("hex"))),
        textElement("Size", content.size),
        checksum === undefined ? "" : textElement(checksumElement(checksum.algorithm), checksum.value),
      ]),
    ),
  ];
  return xmlReply(resultDocument("ListPartsResult", elements));
}

export function listMultipartUploads(exchange: Exchange): Reply {
  const { request } = exchange;
  if (parameter(request, "delimiter") !== undefined) throw notImplemented("delimiter of ListMultipartUploads");
  const [prefix = "", keyMarker, idMarker] = ["prefix", "key-marker", "upload-id-marker"].map((name) =>
    parameter(request, name),
  );
  const most = Math.min(mostOfPage, numberParameter(request, "max-uploads", mostAskedFor) ?? mostOfPage);
  const name = keyWriter(exchange);
  const all = [...bucketOf(exchange).uploads.values()].filter(({ key }) => key.startsWith(prefix)).sort(inOrder);
  const after = all.slice(keyMarker === undefined ? 0 : all.findLastIndex(isPassed(keyMarker, idMarker)) + 1);
  const page = after.slice(0, most);
  const isTruncated = after.length > page.length && most > 0;
  const last = isTruncated ? page.at(-1) : undefined;
  const elements = [
    textElement("Bucket", request.bucket),
    textElement("KeyMarker", name(keyMarker ?? "")),
    textElement("UploadIdMarker", idMarker ?? ""),
    ...((last && [textElement("NextKeyMarker", name(last.key)), textElement("NextUploadIdMarker", last.id)]) ?? []),
    textElement("Prefix", name(prefix)),
    textElement("EncodingType", parameter(request, "encoding-type")),
    textElement("MaxUploads", most),
    textElement("IsTruncated", isTruncated),
    ...page.map(({ key, id, initiated, checksum }) =>
      element("Upload", [
        textElement("Key", name(key)),
        textElement("UploadId", id),
        textElement("StorageClass", "STANDARD"),
        textElement("Initiated", isoTime(initiated)),
        textElement("ChecksumAlgorithm", checksum?.algorithm),
        textElement("ChecksumType", checksum?.type),
      ]),
    ),
  ];
  return xmlReply(resultDocument("ListMultipartUploadsResult", elements));
}

/** By key, and those of one key by when they began. The sort is stable, and a Map remembers what came first. */
function inOrder(a: Upload, b: Upload): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : a.initiated - b.initiated;
}

/** Whether an upload was on an earlier page. Without an id the marker stands for all uploads of its key. */
function isPassed(keyMarker: string, idMarker: string | undefined): (upload: Upload) => boolean {
  return ({ key, id }) => key < keyMarker || (key === keyMarker && (idMarker === undefined || id === idMarker));
}
