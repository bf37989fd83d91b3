/** Fresh buckets on one S3 server. */
import { randomUUID } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";

/** A server, and who may do everything on it. */
export interface S3Place {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export interface Bucket extends S3Place {
  readonly bucket: string;
  /** The keys below a prefix, in the server's order. */
  keys(prefix?: string): Promise<string[]>;
  /** The uploads below a prefix that are neither completed nor aborted. */
  unfinishedUploads(prefix?: string): Promise<{ readonly key: string; readonly id: string }[]>;
  /** Lets pages of this origin read and write. */
  allowPages(origin: string): Promise<void>;
  /** Removes everything below a prefix. */
  empty(prefix?: string): Promise<void>;
  /** Removes it with all that is in it. Once is enough. */
  drop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param name - Default: one that no other has. */
export async function createBucket(server: S3Place, name: string = `persist-${randomUUID()}`): Promise<Bucket> {
  const bucket = openBucket(server, name);
  const s3 = connect(server);
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  s3.destroy();
  return bucket;
}

/** One that is there. */
export function openBucket({ endpoint, region, credentials }: S3Place, bucket: string): Bucket {
  const place = { endpoint, region, credentials };
  const Bucket = bucket;
  const list = (Prefix: string) => ({ Bucket, Prefix, EncodingType: "url" as const });
  const use = async <T>(work: (s3: S3Client) => Promise<T>): Promise<T> => {
    const s3 = connect(place);
    try {
      return await work(s3);
    } finally {
      s3.destroy();
    }
  };

  const unfinishedUploads = (prefix = "") =>
    use(async (s3) => {
      const found: { key: string; id: string }[] = [];
      let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
      for (;;) {
        const page = await s3.send(new ListMultipartUploadsCommand({ ...list(prefix), ...marker }));
        for (const { Key, UploadId = "" } of page.Uploads ?? []) found.push({ key: decode(Key), id: UploadId });
        const { NextKeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
        if (page.IsTruncated !== true || NextKeyMarker === undefined) return found;
        marker = { KeyMarker: decode(NextKeyMarker), ...(UploadIdMarker === undefined ? {} : { UploadIdMarker }) };
      }
    });

  const empty = async (prefix = "") => {
    for (const { key, id } of await unfinishedUploads(prefix)) {
      await use((s3) => s3.send(new AbortMultipartUploadCommand({ Bucket, Key: key, UploadId: id })));
    }
    await use(async (s3) => {
      for (;;) {
        const { Contents = [] } = await s3.send(new ListObjectsV2Command(list(prefix)));
        if (Contents.length === 0) return;
        const keys = Contents.map(({ Key }) => decode(Key));
        const Objects = keys.filter((key) => !isBeyondXml.test(key)).map((Key) => ({ Key }));
        if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
        for (const Key of keys) if (isBeyondXml.test(Key)) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      }
    });
  };

  let dropping: Promise<void> | undefined;
  const drop = () => {
    dropping ??= empty().then(() => use(async (s3) => void (await s3.send(new DeleteBucketCommand({ Bucket })))));
    return dropping;
  };

  return {
    ...place,
    bucket,
    keys: (prefix = "") =>
      use(async (s3) => {
        const found: string[] = [];
        for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, list(prefix))) {
          for (const { Key } of Contents) found.push(decode(Key));
        }
        return found;
      }),
    unfinishedUploads,
    allowPages: (origin) =>
      use(async (s3) => {
        const rule = { AllowedOrigins: [origin], AllowedMethods: ["GET", "PUT"], AllowedHeaders: ["*"] };
        await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
      }),
    empty,
    drop,
    [Symbol.asyncDispose]: drop,
  };
}

/** Characters that XML has no way to write, and keys may have: lists go encoded, but what is to be deleted cannot. Ceph answers 400 without a body to them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it looks for
const isBeyondXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** `+` is a space, as in forms. */
const decode = (text = ""): string => decodeURIComponent(text.replaceAll("+", "%20"));

function connect({ endpoint, region, credentials }: S3Place): S3Client {
  return new S3Client({
    endpoint,
    region,
    credentials: { ...credentials },
    forcePathStyle: true,
    // Ceph 16 takes no other checksum than the one that DeleteObjects has to have.
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
}
