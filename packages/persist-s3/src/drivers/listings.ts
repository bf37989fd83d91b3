/** Listings, a page for each request. Keys come decoded, because XML cannot hold all characters. */
import { ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { ListedObject, ListedPage, OpenUpload } from "../bucket.ts";
import type { Driver } from "../driver.ts";
import { unquote } from "./objects.ts";
import type { Sending } from "./sender.ts";

export interface ListRequest {
  readonly prefix: string;
  readonly after?: string | undefined;
  readonly limit: number;
  readonly delimiter?: string | undefined;
}

export async function listObjects(
  { send, bucket }: Driver,
  request: ListRequest,
  signal: AbortSignal,
): Promise<ListedPage> {
  const { prefix, after, limit, delimiter } = request;
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    StartAfter: after,
    MaxKeys: limit,
    Delimiter: delimiter,
    EncodingType: "url",
  });
  const sending: Sending = { signal };
  const { Contents = [], CommonPrefixes = [], IsTruncated = false } = await send(command, sending);
  const objects: ListedObject[] = Contents.map(({ Key, ETag, Size, LastModified }) => ({
    key: decode(Key),
    etag: unquote(ETag),
    size: Size ?? 0,
    lastModified: LastModified?.getTime() ?? 0,
  }));
  return {
    objects,
    prefixes: CommonPrefixes.map(({ Prefix }) => decode(Prefix)),
    more: IsTruncated,
    time: timeOf(sending),
  };
}

export async function listUploads(
  { send, bucket }: Driver,
  { prefix, after }: { readonly prefix: string; readonly after?: OpenUpload | undefined },
  signal: AbortSignal,
): Promise<{ readonly uploads: readonly OpenUpload[]; readonly more: boolean; readonly time: number }> {
  const command = new ListMultipartUploadsCommand({
    Bucket: bucket,
    Prefix: prefix,
    KeyMarker: after?.key,
    UploadIdMarker: after?.uploadId,
    EncodingType: "url",
  });
  const sending: Sending = { signal };
  const { Uploads = [], IsTruncated = false } = await send(command, sending);
  const uploads = Uploads.map(({ Key, UploadId, Initiated }) => ({
    key: decode(Key),
    uploadId: UploadId ?? "",
    initiated: Initiated?.getTime() ?? 0,
  }));
  return { uploads, more: IsTruncated, time: timeOf(sending) };
}

/** `+` is a space, as in forms. */
const decode = (text = ""): string => decodeURIComponent(text.replaceAll("+", "%20"));

/** Milliseconds since the epoch. */
function timeOf({ date = "" }: Sending): number {
  const time = Date.parse(date);
  return Number.isNaN(time) ? Date.now() : time;
}
