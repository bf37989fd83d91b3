import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { Driver } from "../driver.ts";

export interface SignRequest {
  readonly key: string;
  readonly method: "GET" | "PUT";
  readonly seconds: number;
  /** Of PUT: what has to be sent, as part of what is signed. */
  readonly contentType?: string | undefined;
}

export async function signUrl(
  { client, bucket }: Driver,
  { key, method, seconds, contentType }: SignRequest,
): Promise<string> {
  const object = { Bucket: bucket, Key: key };
  const o = { expiresIn: seconds };
  if (method === "GET") return await getSignedUrl(client, new GetObjectCommand(object), o);
  const command = new PutObjectCommand({ ...object, ContentType: contentType });
  // The SDK has a type of its own for what has none, which nobody would know to send.
  const signed = contentType === undefined ? ["host"] : ["host", "content-type"];
  return await getSignedUrl(client, command, { ...o, signableHeaders: new Set(signed) });
}
