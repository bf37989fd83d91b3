/** Uploads in parts, one request each. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type { UploadedPart } from "../bucket.ts";
import type { Driver } from "../driver.ts";
import { type Content, copySource, unquote, type WriteConditions, type Written } from "./objects.ts";

export interface UploadName {
  readonly key: string;
  readonly uploadId: string;
}

export async function createUpload(
  { send, bucket }: Driver,
  { key, contentType, metadata }: Content & { readonly key: string },
  signal: AbortSignal,
): Promise<string> {
  const { UploadId = "" } = await send(
    new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ContentType: contentType, Metadata: metadata }),
    { signal },
  );
  return UploadId;
}

export interface PartRequest extends UploadName {
  readonly number: number;
  readonly body: Uint8Array;
  /** Base64. */
  readonly md5?: string | undefined;
}

export async function uploadPart(
  { send, bucket }: Driver,
  request: PartRequest,
  signal: AbortSignal,
): Promise<UploadedPart> {
  const { key, uploadId, number, body, md5 } = request;
  const { ETag } = await send(
    new UploadPartCommand({
      Bucket: bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: number,
      Body: body,
      ContentMD5: md5,
    }),
    { signal },
  );
  return { number, etag: unquote(ETag) };
}

export interface PartCopyRequest extends UploadName {
  readonly number: number;
  readonly from: string;
  readonly offset: number;
  readonly length: number;
  readonly sourceIfMatch?: string | undefined;
}

export async function copyPart(
  { send, bucket }: Driver,
  request: PartCopyRequest,
  signal: AbortSignal,
): Promise<UploadedPart> {
  const { key, uploadId, number, from, offset, length, sourceIfMatch } = request;
  const { CopyPartResult } = await send(
    new UploadPartCopyCommand({
      Bucket: bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: number,
      CopySource: copySource(bucket, from),
      CopySourceRange: `bytes=${offset}-${offset + length - 1}`,
      CopySourceIfMatch: sourceIfMatch,
    }),
    { signal },
  );
  return { number, etag: unquote(CopyPartResult?.ETag) };
}

export interface CompleteRequest extends UploadName, WriteConditions {
  readonly parts: readonly UploadedPart[];
}

/** The ETag is empty where the server does not tell it. */
export async function completeUpload(
  { send, bucket }: Driver,
  request: CompleteRequest,
  signal: AbortSignal,
): Promise<Written> {
  const { key, uploadId, parts, ifMatch, ifNoneMatch } = request;
  const { ETag, VersionId, $metadata } = await send(
    new CompleteMultipartUploadCommand({
      Bucket: bucket,
      Key: key,
      UploadId: uploadId,
      MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: `"${etag}"` })) },
      IfMatch: ifMatch,
      IfNoneMatch: ifNoneMatch,
    }),
    { signal },
  );
  return { etag: unquote(ETag), versionId: VersionId, repeated: ($metadata.attempts ?? 1) > 1 };
}

export async function abortUpload(
  { send, bucket }: Driver,
  { key, uploadId }: UploadName,
  signal: AbortSignal,
): Promise<void> {
  await send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }), { signal });
}

/** Throws where there is no such upload. */
export async function findUpload(
  { send, bucket }: Driver,
  { key, uploadId }: UploadName,
  signal: AbortSignal,
): Promise<void> {
  await send(new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId, MaxParts: 1 }), { signal });
}
