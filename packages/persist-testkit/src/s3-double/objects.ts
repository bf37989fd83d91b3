/** Single objects: written, read and removed. */
import { bucketNamed, type StoredObject } from "./bucket.ts";
import type { ByteString } from "./byte-string.ts";
import { checksumHeaders } from "./checksum-answer.ts";
import { checkRead, checkWrite, readConditions, writeConditions } from "./conditions.ts";
import { bucketOf, type Exchange, quoted, type Reply } from "./exchange.ts";
import { metadataOf } from "./metadata.ts";
import { type ByteRange, readRange } from "./range.ts";
import { checkKey, parameter } from "./request.ts";
import { noSuchKey } from "./s3-error.ts";
import { guardWrite } from "./write-guard.ts";

export async function putObject(exchange: Exchange): Promise<Reply> {
  const { request, profile } = exchange;
  const { key, headers } = request;
  checkKey(key, profile);
  const { objects } = bucketOf(exchange);
  const metadata = metadataOf(headers, profile.mostMetadata);
  const guard = guardWrite(objects.get(key), writeConditions(headers), profile, profile.putConditions);
  const { content, md5, checksum } = await exchange.receive();
  await guard.window();
  guard.check(objects.get(key));
  const object: StoredObject = {
    key,
    content,
    etag: md5.toString("hex"),
    modified: exchange.now(),
    metadata,
    checksum: checksum && { ...checksum, type: "FULL_OBJECT" },
  };
  objects.set(key, object);
  return { status: 200, headers: { etag: quoted(object.etag), ...checksumHeaders(object.checksum) } };
}

export function getObject(exchange: Exchange): Reply {
  const { request, profile } = exchange;
  const { headers, method } = request;
  const object = findObject(exchange);
  const { content, etag, modified, metadata, checksum } = object;
  const validators = { etag: quoted(etag), "last-modified": new Date(modified).toUTCString() };
  if (checkRead(readConditions(headers), object) === "unchanged") return { status: 304, headers: validators };
  const range = readRange(headers.get("range"), content.size, profile.passesOverReversedRanges);
  const { start, end } = range ?? { start: 0, end: content.size };
  const wantsChecksum = headers.get("x-amz-checksum-mode") === "ENABLED" && range === undefined;
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...validators,
      "accept-ranges": "bytes",
      "content-length": String(end - start),
      ...(range === undefined ? {} : { "content-range": contentRange(range, content.size) }),
      ...Object.fromEntries(metadata),
      ...overrides(exchange),
      ...(wantsChecksum ? checksumHeaders(checksum) : {}),
    },
    ...(method === "HEAD" ? {} : { body: { kind: "bytes", content, start, end } }),
  };
}

export function deleteObject(exchange: Exchange): Reply {
  const { request, profile } = exchange;
  const { objects } = bucketOf(exchange);
  checkKey(request.key, profile);
  if (profile.otherConditions) {
    const { ifMatch } = writeConditions(request.headers);
    checkWrite({ ifMatch, ifNoneMatch: undefined }, objects.get(request.key), profile);
  }
  objects.delete(request.key);
  return { status: 204 };
}

/** @throws S3Error `NoSuchKey` */
export function findObject(
  { buckets, request }: Exchange,
  { bucket, key }: { readonly bucket: string; readonly key: ByteString } = request,
): StoredObject {
  const object = bucketNamed(buckets, bucket).objects.get(key);
  if (object === undefined) throw noSuchKey();
  return object;
}

const contentRange = ({ start, end }: ByteRange, size: number) => `bytes ${start}-${end - 1}/${size}`;

/** Who may read an object may also have it under other headers, as download links do. */
function overrides({ request }: Exchange): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const name of ["type", "language", "disposition", "encoding"]) {
    const value = parameter(request, `response-content-${name}`);
    if (value !== undefined) chosen[`content-${name}`] = value;
  }
  for (const name of ["cache-control", "expires"]) {
    const value = parameter(request, `response-${name}`);
    if (value !== undefined) chosen[name] = value;
  }
  return chosen;
}
