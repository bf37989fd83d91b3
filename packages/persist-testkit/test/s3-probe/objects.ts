import { createHash } from "node:crypto";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { type Check, check, outcome, yesNo } from "./check.ts";
import { bytesOf, content, get, put, remove, textOf } from "./requests.ts";

export const objectChecks: readonly Check[] = [
  check("a bucket is made", "200", ({ s3, bucket }) => outcome(s3.send(new CreateBucketCommand({ Bucket: bucket })))),
  check("its owner makes a bucket again", "200", ({ s3, bucket }) =>
    outcome(s3.send(new CreateBucketCommand({ Bucket: bucket }))),
  ),
  check("HEAD of a bucket", "200", ({ s3, bucket }) => outcome(s3.send(new HeadBucketCommand({ Bucket: bucket })))),
  check("HEAD of no bucket", "404", ({ s3, bucket }) =>
    outcome(s3.send(new HeadBucketCommand({ Bucket: `${bucket}-no` }))),
  ),
  check("the bucket is listed", "yes", async ({ s3, bucket }) =>
    yesNo((await s3.send(new ListBucketsCommand({}))).Buckets?.some(({ Name }) => Name === bucket) ?? false),
  ),
  check("PUT and GET of bytes", "yes", async (bench) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await put(bench, "bytes", bytes);
    return yesNo(bytes.equals(await bytesOf(get(bench, "bytes"))));
  }),
  check("the ETag is the MD5 in quotes", "yes", async (bench) => {
    const md5 = createHash("md5").update("hello").digest("hex");
    return yesNo((await put(bench, "etag", "hello")).ETag === `"${md5}"`);
  }),
  check("PUT and GET of nothing", "0", async (bench) => {
    await put(bench, "empty", "");
    return String((await bytesOf(get(bench, "empty"))).length);
  }),
  check("PUT over an object", "second", async (bench) => {
    await put(bench, "over", "first");
    await put(bench, "over", "second");
    return await content(bench, "over");
  }),
  check("GET of no object", "404 NoSuchKey", (bench) => outcome(get(bench, "none"))),
  check("HEAD of no object", "404", ({ s3, bucket }) =>
    outcome(s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "none" }))),
  ),
  check("PUT into no bucket", "404 NoSuchBucket", ({ s3, bucket }) =>
    outcome(s3.send(new PutObjectCommand({ Bucket: `${bucket}-no`, Key: "a", Body: "" }))),
  ),
  check("DELETE of no object", "204", (bench) => outcome(remove(bench, "none"))),
  check("DELETE of an object", "204, then 404 NoSuchKey", async (bench) => {
    await put(bench, "gone", "");
    return `${await outcome(remove(bench, "gone"))}, then ${await content(bench, "gone")}`;
  }),
  check("DELETE of three keys, of which one is none", "3 deleted, then 404 NoSuchKey", async (bench) => {
    for (const key of ["many/1", "many/2 é&<😀>"]) await put(bench, key, "");
    const objects = ["many/1", "many/2 é&<😀>", "many/none"].map((Key) => ({ Key }));
    const { Deleted = [] } = await bench.s3.send(
      new DeleteObjectsCommand({ Bucket: bench.bucket, Delete: { Objects: objects } }),
    );
    return `${Deleted.length} deleted, then ${await content(bench, "many/2 é&<😀>")}`;
  }),
  check("quiet DELETE of many keys", "0 said, then 404 NoSuchKey", async (bench) => {
    await put(bench, "quiet", "");
    const { Deleted = [] } = await bench.s3.send(
      new DeleteObjectsCommand({ Bucket: bench.bucket, Delete: { Quiet: true, Objects: [{ Key: "quiet" }] } }),
    );
    return `${Deleted.length} said, then ${await content(bench, "quiet")}`;
  }),
  check("metadata of all kinds", "text/x no-store br attachment en a=1 b-c=2", async (bench) => {
    await put(bench, "metadata", "x", {
      ContentType: "text/x",
      CacheControl: "no-store",
      ContentEncoding: "br",
      ContentDisposition: "attachment",
      ContentLanguage: "en",
      Metadata: { A: "1", "b-c": "2" },
    });
    const head = await bench.s3.send(new HeadObjectCommand({ Bucket: bench.bucket, Key: "metadata" }));
    const { ContentType, CacheControl, ContentEncoding, ContentDisposition, ContentLanguage, Metadata = {} } = head;
    const own = Object.entries(Metadata)
      .sort()
      .map((pair) => pair.join("="));
    return [ContentType, CacheControl, ContentEncoding, ContentDisposition, ContentLanguage, ...own].join(" ");
  }),
  check("2 KB of metadata", "200", (bench) => outcome(put(bench, "2k", "", { Metadata: { big: "v".repeat(2045) } }))),
  check("more than 2 KB of metadata", { aws: "400 MetadataTooLarge", ceph16: "200" }, (bench) =>
    outcome(put(bench, "3k", "", { Metadata: { big: "v".repeat(3000) } })),
  ),
  check("a copy brings bytes and metadata along", "copied v", async (bench) => {
    await put(bench, "source/é +%", "copied", { Metadata: { k: "v" } });
    const source = `${bench.bucket}/${encodeURIComponent("source/é +%")}`;
    await bench.s3.send(new CopyObjectCommand({ Bucket: bench.bucket, Key: "copy", CopySource: source }));
    const got = await get(bench, "copy");
    return `${await textOf(Promise.resolve(got))} ${got.Metadata?.k}`;
  }),
  check("a copy onto itself with other metadata", "w", async (bench) => {
    const { bucket, s3 } = bench;
    await put(bench, "itself", "x", { Metadata: { k: "v" } });
    const replaced = { MetadataDirective: "REPLACE", Metadata: { k: "w" } } as const;
    await s3.send(
      new CopyObjectCommand({ Bucket: bucket, Key: "itself", CopySource: `${bucket}/itself`, ...replaced }),
    );
    return (await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "itself" }))).Metadata?.k ?? "";
  }),
  check("a copy onto itself without a change", "400 InvalidRequest", ({ s3, bucket }) =>
    outcome(s3.send(new CopyObjectCommand({ Bucket: bucket, Key: "itself", CopySource: `${bucket}/itself` }))),
  ),
  check("a copy of no object", "404 NoSuchKey", ({ s3, bucket }) =>
    outcome(s3.send(new CopyObjectCommand({ Bucket: bucket, Key: "copy2", CopySource: `${bucket}/none` }))),
  ),
];
