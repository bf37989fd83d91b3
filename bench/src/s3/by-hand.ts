import { Readable } from "node:stream";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { Place, S3Contender } from "./contender.ts";

const partSize = 8 * 1024 * 1024;

/** As the documentation of the SDK shows: a client with its defaults, and lib-storage for what comes bit by bit, with parts as long as those of Persist. */
export async function openByHand({ endpoint, region, credentials, bucket: Bucket }: Place): Promise<S3Contender> {
  const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
  const keyOf = (key: string) => `by-hand/${key}`;
  const put = (key: string, Body: string | Uint8Array, ContentType: string) =>
    client.send(new PutObjectCommand({ Bucket, Key: keyOf(key), Body, ContentType }));
  const bodyOf = async (key: string, Range?: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: keyOf(key), Range }));
    if (Body === undefined) throw new Error(`there is no object ${key}`);
    return Body;
  };
  return {
    putBytes: (key, bytes) => put(key, bytes, "application/octet-stream"),
    putStream: (key, chunks) =>
      new Upload({ client, partSize, params: { Bucket, Key: keyOf(key), Body: Readable.from(chunks) } }).done(),
    getBytes: async (key) => (await bodyOf(key)).transformToByteArray(),
    getStream: async (key) => (await bodyOf(key)) as unknown as AsyncIterable<Uint8Array>,
    getBeginning: async (key, length) =>
      (await bodyOf(key, `bytes=0-${length - 1}`)) as unknown as AsyncIterable<Uint8Array>,
    setJson: (key, value) => put(key, JSON.stringify(value), "application/json"),
    getJson: async (key) => JSON.parse(await (await bodyOf(key)).transformToString()),
    close: async () => client.destroy(),
  };
}
