/** Objects, one request each. ETags come without quotes; conditions are sent as they are given. */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { Driver } from "../driver.ts";

/** Values of the headers of that name. */
export interface WriteConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

export interface Written {
  readonly etag: string;
  readonly versionId: string | undefined;
  /** Whether the SDK has sent it more than once. */
  readonly repeated: boolean;
}

export interface Content {
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface PutRequest extends WriteConditions, Content {
  readonly key: string;
  readonly body: Uint8Array | string;
  /** Base64. */
  readonly md5?: string | undefined;
  /** In hex, instead of that of the body. */
  readonly sha256?: string | undefined;
}

export async function putObject({ send, bucket }: Driver, request: PutRequest, signal: AbortSignal): Promise<Written> {
  const { key, body, contentType, metadata, ifMatch, ifNoneMatch, md5, sha256 } = request;
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentType: contentType,
    Metadata: metadata,
    IfMatch: ifMatch,
    IfNoneMatch: ifNoneMatch,
    ContentMD5: md5,
  });
  const { ETag, VersionId, $metadata } = await send(command, { signal, sha256 });
  return { etag: unquote(ETag), versionId: VersionId, repeated: ($metadata.attempts ?? 1) > 1 };
}

export interface Facts {
  readonly etag: string;
  /** Of the whole object, in bytes. */
  readonly size: number;
  readonly lastModified: number;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly versionId: string | undefined;
}

export interface GetRequest {
  readonly key: string;
  readonly ifMatch?: string | undefined;
  /** The value of the header. */
  readonly range?: string | undefined;
  readonly versionId?: string | undefined;
}

export interface Got extends Facts {
  readonly body: Readable;
  /** Where the body begins in the object, and its length. */
  readonly offset: number;
  readonly length: number;
}

export async function getObject({ send, bucket }: Driver, request: GetRequest, signal: AbortSignal): Promise<Got> {
  const { key, ifMatch, range, versionId } = request;
  const answer = await send(
    new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: ifMatch, Range: range, VersionId: versionId }),
    { signal },
  );
  const length = answer.ContentLength ?? 0;
  const [, from, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.ContentRange ?? "") ?? [];
  return {
    ...factsOf(answer, size === undefined ? length : Number(size)),
    body: answer.Body as Readable,
    offset: Number(from ?? 0),
    length,
  };
}

export async function headObject(
  { send, bucket }: Driver,
  { key, versionId }: { readonly key: string; readonly versionId?: string | undefined },
  signal: AbortSignal,
): Promise<Facts> {
  const answer = await send(new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }), { signal });
  return factsOf(answer, answer.ContentLength ?? 0);
}

export async function deleteObject(
  { send, bucket }: Driver,
  { key, ifMatch }: { readonly key: string; readonly ifMatch?: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  await send(new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: ifMatch }), { signal });
}

export interface CopyRequest extends WriteConditions, Content {
  readonly from: string;
  readonly to: string;
  readonly sourceIfMatch?: string | undefined;
}

export async function copyObject(
  { send, bucket }: Driver,
  request: CopyRequest,
  signal: AbortSignal,
): Promise<Written> {
  const { from, to, contentType, metadata, ifMatch, ifNoneMatch, sourceIfMatch } = request;
  const { CopyObjectResult, VersionId, $metadata } = await send(
    new CopyObjectCommand({
      Bucket: bucket,
      Key: to,
      CopySource: copySource(bucket, from),
      CopySourceIfMatch: sourceIfMatch,
      MetadataDirective: contentType === undefined && metadata === undefined ? "COPY" : "REPLACE",
      ContentType: contentType,
      Metadata: metadata,
      IfMatch: ifMatch,
      IfNoneMatch: ifNoneMatch,
    }),
    { signal },
  );
  return { etag: unquote(CopyObjectResult?.ETag), versionId: VersionId, repeated: ($metadata.attempts ?? 1) > 1 };
}

/** A header has to be ASCII, and the SDK writes this one as it is. */
export const copySource = (bucket: string, key: string): string =>
  `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;

export const unquote = (etag: string | undefined): string => etag?.replace(/^"(.*)"$/, "$1") ?? "";

/** Of a body, in Base64. */
export const md5Of = (body: Uint8Array | string): string => createHash("md5").update(body).digest("base64");

interface Answer {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly ContentType?: string | undefined;
  readonly Metadata?: Record<string, string> | undefined;
  readonly VersionId?: string | undefined;
}

const factsOf = (answer: Answer, size: number): Facts => ({
  etag: unquote(answer.ETag),
  size,
  lastModified: answer.LastModified?.getTime() ?? 0,
  contentType: answer.ContentType ?? "application/octet-stream",
  metadata: answer.Metadata ?? {},
  versionId: answer.VersionId,
});
