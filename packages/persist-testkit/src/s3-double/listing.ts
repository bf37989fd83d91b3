/** Pages of the objects of a bucket, in the order of their keys' bytes. */
import type { StoredObject } from "./bucket.ts";
import { type ByteString, formEncode, toUtf8 } from "./byte-string.ts";
import { bucketOf, type Exchange, isoTime, quoted, type Reply, xmlReply } from "./exchange.ts";
import { behindKey, type Entry, pageOf } from "./page.ts";
import { numberParameter, parameter } from "./request.ts";
import { invalidArgument } from "./s3-error.ts";
import { element, resultDocument, textElement } from "./xml-writer.ts";

/** The most that one page has, whatever is asked for. */
const mostOfPage = 1000;
const mostAskedFor = 2 ** 31 - 1;

export function listObjectsV2(exchange: Exchange): Reply {
  const { request } = exchange;
  const bucket = bucketOf(exchange);
  if (parameter(request, "list-type") !== "2") throw invalidArgument("Invalid List Type specified in Query String");
  const [prefix, delimiter, startAfter, token] = ["prefix", "delimiter", "start-after", "continuation-token"].map(
    (name) => parameter(request, name),
  );
  const maxKeys = Math.min(mostOfPage, numberParameter(request, "max-keys", mostAskedFor) ?? mostOfPage);
  const name = keyWriter(exchange);
  const { entries, next } = pageOf(bucket.objects, {
    prefix: prefix ?? "",
    delimiter: delimiter ?? "",
    from: token === undefined ? (startAfter === undefined ? "" : behindKey(startAfter)) : readToken(token),
    most: maxKeys,
  });
  const withOwner = parameter(request, "fetch-owner") === "true";
  const elements = [
    textElement("Name", bucket.name),
    textElement("Prefix", name(prefix ?? "")),
    ...(delimiter === undefined ? [] : [textElement("Delimiter", name(delimiter))]),
    ...(startAfter === undefined ? [] : [textElement("StartAfter", name(startAfter))]),
    textElement("MaxKeys", maxKeys),
    textElement("EncodingType", parameter(request, "encoding-type")),
    textElement("KeyCount", entries.length),
    textElement("IsTruncated", next !== undefined),
    textElement("ContinuationToken", token),
    textElement("NextContinuationToken", next === undefined ? undefined : writeToken(next)),
    ...entries.map((entry) => elementOf(entry, name, withOwner)),
  ];
  return xmlReply(resultDocument("ListBucketResult", elements));
}

/** How answers write keys: as they are, or encoded where the request asks for it. */
export function keyWriter({ request }: Exchange): (key: ByteString) => string {
  const encoding = parameter(request, "encoding-type");
  if (encoding !== undefined && encoding !== "url")
    throw invalidArgument("Invalid Encoding Method specified in Request");
  return encoding === "url" ? formEncode : toUtf8;
}

function elementOf(
  { item, group }: Entry<StoredObject>,
  name: (key: ByteString) => string,
  withOwner: boolean,
): string {
  if (item === undefined) return element("CommonPrefixes", [textElement("Prefix", name(group))]);
  const { key, modified, etag, checksum, content } = item;
  return element("Contents", [
    textElement("Key", name(key)),
    textElement("LastModified", isoTime(modified)),
    textElement("ETag", quoted(etag)),
    textElement("ChecksumAlgorithm", checksum?.algorithm),
    textElement("ChecksumType", checksum?.type),
    textElement("Size", content.size),
    textElement("StorageClass", "STANDARD"),
    withOwner ? element("Owner", [textElement("ID", "owner")]) : "",
  ]);
}

/** Opaque to clients: not the key itself, so that nobody makes one up. */
const writeToken = (next: ByteString) => `1.${Buffer.from(next, "latin1").toString("base64url")}`;

function readToken(token: string): ByteString {
  const [, encoded] = /^1\.([\w-]+)$/.exec(token) ?? [];
  if (encoded === undefined) throw invalidArgument("The continuation token provided is incorrect");
  return Buffer.from(encoded, "base64url").toString("latin1");
}
