import { createHash, randomBytes } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { type Bench, type Check, check, outcome, yesNo } from "./check.ts";
import { bytesOf, content, etagOf, get, put } from "./requests.ts";

const large = randomBytes(5 * 1024 ** 2);
const small = randomBytes(12_345);

interface Started {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

/** Without checksums, which are not what is asked here. */
async function start({ plain, bucket }: Bench, key: string): Promise<Started> {
  const asked = { Bucket: bucket, Key: key, Metadata: { of: "upload" } };
  const { UploadId = "" } = await plain.send(new CreateMultipartUploadCommand(asked));
  return { Bucket: bucket, Key: key, UploadId };
}

async function part({ plain }: Bench, upload: Started, number: number, body: string | Buffer) {
  const { ETag } = await plain.send(new UploadPartCommand({ ...upload, PartNumber: number, Body: body }));
  return { PartNumber: number, ETag };
}

type Parts = NonNullable<NonNullable<CompleteMultipartUploadCommandInput["MultipartUpload"]>["Parts"]>;

function complete(
  { plain }: Bench,
  upload: Started,
  parts: Parts,
  more: Partial<CompleteMultipartUploadCommandInput> = {},
) {
  return plain.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts }, ...more }));
}

async function uploadsOf({ s3, bucket }: Bench, prefix: string): Promise<string[]> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }));
  return Uploads.map(({ Key = "" }) => Key);
}

export const multipartChecks: readonly Check[] = [
  check("an upload in parts: before, after", "404 NoSuchKey, yes upload", async (bench) => {
    const upload = await start(bench, "parts");
    const parts = [await part(bench, upload, 1, large), await part(bench, upload, 2, small)];
    const before = await content(bench, "parts");
    await complete(bench, upload, parts);
    const got = await get(bench, "parts");
    const same = Buffer.concat([large, small]).equals(await bytesOf(Promise.resolve(got)));
    return `${before}, ${yesNo(same)} ${got.Metadata?.of}`;
  }),
  check("the ETag of an upload in parts", "yes", async ({ s3, bucket }) => {
    const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest();
    const etag = `"${md5(Buffer.concat([md5(large), md5(small)])).toString("hex")}-2"`;
    return yesNo((await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "parts" }))).ETag === etag);
  }),
  check("the completion answers the ETag", { aws: "yes", ceph16: "no" }, async (bench) => {
    const upload = await start(bench, "answered");
    return yesNo(((await complete(bench, upload, [await part(bench, upload, 1, "x")])).ETag ?? "") !== "");
  }),
  check("a range over the border of two parts", "yes", async (bench) => {
    const Range = `bytes=${large.length - 5}-${large.length + 4}`;
    const border = Buffer.concat([large.subarray(-5), small.subarray(0, 5)]);
    return yesNo(border.equals(await bytesOf(get(bench, "parts", { Range }))));
  }),
  check("parts that come out of order, with numbers left out", "yes", async (bench) => {
    const upload = await start(bench, "numbers");
    const last = await part(bench, upload, 7, small);
    const first = await part(bench, upload, 3, large);
    await complete(bench, upload, [first, last]);
    return yesNo(Buffer.concat([large, small]).equals(await bytesOf(get(bench, "numbers"))));
  }),
  check("a part that is uploaded again", "new", async (bench) => {
    const upload = await start(bench, "again");
    await part(bench, upload, 1, "old");
    await complete(bench, upload, [await part(bench, upload, 1, "new")]);
    return await content(bench, "again");
  }),
  check(
    "the parts of an upload are listed, and the upload until it is aborted",
    "1:3 2:1, u/listed, ",
    async (bench) => {
      const upload = await start(bench, "u/listed");
      await part(bench, upload, 2, "x");
      await part(bench, upload, 1, "abc");
      const { Parts = [] } = await bench.s3.send(new ListPartsCommand(upload));
      const parts = Parts.map(({ PartNumber, Size }) => `${PartNumber}:${Size}`).join(" ");
      const before = await uploadsOf(bench, "u/");
      await bench.s3.send(new AbortMultipartUploadCommand(upload));
      return `${parts}, ${before}, ${await uploadsOf(bench, "u/")}`;
    },
  ),
  check("a part of an upload that was aborted", "404 NoSuchUpload", async (bench) => {
    const upload = await start(bench, "aborted");
    await bench.s3.send(new AbortMultipartUploadCommand(upload));
    return await outcome(bench.plain.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: "x" })));
  }),
  check("an upload is aborted twice", "404 NoSuchUpload", async (bench) => {
    const upload = await start(bench, "twice");
    await bench.s3.send(new AbortMultipartUploadCommand(upload));
    return await outcome(bench.s3.send(new AbortMultipartUploadCommand(upload)));
  }),
  check("a small part that is not the last", "400 EntityTooSmall", async (bench) => {
    const upload = await start(bench, "small");
    const parts = [await part(bench, upload, 1, "x"), await part(bench, upload, 2, "x")];
    return await outcome(complete(bench, upload, parts));
  }),
  check("parts in the wrong order", { aws: "400 InvalidPartOrder", ceph16: "200" }, async (bench) => {
    const upload = await start(bench, "disorder");
    const parts = [await part(bench, upload, 2, large), await part(bench, upload, 1, large)];
    return await outcome(complete(bench, upload, parts));
  }),
  check("a part with another ETag", "400 InvalidPart", async (bench) => {
    const upload = await start(bench, "other");
    await part(bench, upload, 1, "x");
    return await outcome(complete(bench, upload, [{ PartNumber: 1, ETag: '"0123456789abcdef0123456789abcdef"' }]));
  }),
  check("a part that was not uploaded", "400 InvalidPart", async (bench) => {
    const upload = await start(bench, "missing");
    const parts = [await part(bench, upload, 1, large), { PartNumber: 2, ETag: (await put(bench, "e", "e")).ETag }];
    return await outcome(complete(bench, upload, parts));
  }),
  check("the completion of no upload", { aws: "404 NoSuchUpload", ceph16: "500 InternalError" }, async (bench) =>
    outcome(
      complete(bench, { ...(await start(bench, "no")), UploadId: "none" }, [
        { PartNumber: 1, ETag: '"0123456789abcdef0123456789abcdef"' },
      ]),
    ),
  ),
  check("part 0", { aws: "400 InvalidArgument", ceph16: "200" }, async (bench) =>
    outcome(bench.plain.send(new UploadPartCommand({ ...(await start(bench, "p0")), PartNumber: 0, Body: "x" }))),
  ),
  check("part 10001", { aws: "400 InvalidArgument", ceph16: "200" }, async (bench) =>
    outcome(
      bench.plain.send(new UploadPartCommand({ ...(await start(bench, "p10001")), PartNumber: 10_001, Body: "x" })),
    ),
  ),
  check(
    "a completion If-None-Match:* onto an object",
    { aws: "412 PreconditionFailed, then there", ceph16: "200, then part", "no-conditions": "200, then part" },
    async (bench) => {
      await put(bench, "taken", "there");
      const upload = await start(bench, "taken");
      const status = await outcome(
        complete(bench, upload, [await part(bench, upload, 1, "part")], { IfNoneMatch: "*" }),
      );
      return `${status}, then ${await content(bench, "taken")}`;
    },
  ),
  check(
    "a completion If-Match with a stale ETag",
    { aws: "412 PreconditionFailed, then new", ceph16: "200, then part", "no-conditions": "200, then part" },
    async (bench) => {
      const stale = await etagOf(put(bench, "stale", "old"));
      await put(bench, "stale", "new");
      const upload = await start(bench, "stale");
      const parts = [await part(bench, upload, 1, "part")];
      return `${await outcome(complete(bench, upload, parts, { IfMatch: stale }))}, then ${await content(bench, "stale")}`;
    },
  ),
  check("a part that is copied from a range", "yes", async (bench) => {
    const upload = await start(bench, "part-copy");
    const source = { CopySource: `${bench.bucket}/parts`, CopySourceRange: "bytes=5-104" };
    const copy = new UploadPartCopyCommand({ ...upload, PartNumber: 1, ...source });
    const { CopyPartResult } = await bench.plain.send(copy);
    await complete(bench, upload, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    return yesNo(large.subarray(5, 105).equals(await bytesOf(get(bench, "part-copy"))));
  }),
  check("a copy of what was uploaded in parts has its ETag", { aws: "no" }, async ({ s3, bucket }) => {
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "parts" }));
    const copy = new CopyObjectCommand({ Bucket: bucket, Key: "parts-copy", CopySource: `${bucket}/parts` });
    return yesNo((await s3.send(copy)).CopyObjectResult?.ETag === ETag);
  }),
  check("lib-storage uploads a stream of unknown length", "yes", async (bench) => {
    const body = new Blob([large, large, small]);
    await new Upload({ client: bench.s3, params: { Bucket: bench.bucket, Key: "lib", Body: body.stream() } }).done();
    return yesNo(Buffer.concat([large, large, small]).equals(await bytesOf(get(bench, "lib"))));
  }),
];
