/** The few requests that most checks are made of. */
import {
  DeleteObjectCommand,
  type DeleteObjectCommandInput,
  GetObjectCommand,
  type GetObjectCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { type Bench, outcome } from "./check.ts";

export function put(
  { s3, bucket }: Bench,
  key: string,
  body: string | Uint8Array,
  more: Partial<PutObjectCommandInput> = {},
) {
  return s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...more }));
}

export function get({ s3, bucket }: Bench, key: string, more: Partial<GetObjectCommandInput> = {}) {
  return s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...more }));
}

export function remove({ s3, bucket }: Bench, key: string, more: Partial<DeleteObjectCommandInput> = {}) {
  return s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, ...more }));
}

export async function bytesOf(got: ReturnType<typeof get>): Promise<Buffer> {
  return Buffer.from((await (await got).Body?.transformToByteArray()) ?? []);
}

export async function textOf(got: ReturnType<typeof get>): Promise<string> {
  return (await bytesOf(got)).toString();
}

/** What is stored there, or the refusal. */
export async function content(bench: Bench, key: string): Promise<string> {
  const got = get(bench, key);
  return await textOf(got).catch(() => outcome(got));
}

/** The ETag of what was written, without its quotes: no server takes them for a part of it. */
export async function etagOf(sent: Promise<{ ETag?: string | undefined }>): Promise<string> {
  return (await sent).ETag?.replaceAll('"', "") ?? "";
}
