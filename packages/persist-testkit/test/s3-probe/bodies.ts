import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Bench, type Check, check, httpOutcome, outcome, yesNo } from "./check.ts";
import { bytesOf, content, get, put } from "./requests.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");
const md5 = (text: string) => createHash("md5").update(text).digest("base64");

function stream(client: Bench["s3"], bucket: string, pieces: readonly Buffer[]) {
  const ContentLength = pieces.reduce((sum, { length }) => sum + length, 0);
  return client.send(
    new PutObjectCommand({ Bucket: bucket, Key: "stream", Body: Readable.from(pieces), ContentLength }),
  );
}

/** Which checksums are answered, where all are asked for. */
async function checksums({ s3, bucket }: Bench, key: string): Promise<string> {
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" }));
  const { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = head;
  const all = { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => `${name.slice(8)}=${value}`).join(" ");
}

/** Under an ETag that no server of ours has seen before. */
const kept = (name: string, given: Partial<Parameters<typeof put>[3]>, answer: string) =>
  check(name, { aws: answer, ceph16: "" }, async (bench) => {
    await put(bench, name, "hello", given);
    return await checksums(bench, name);
  });

export const bodyChecks: readonly Check[] = [
  check(
    "PUT of a stream, with its checksum behind it",
    { aws: "200", ceph16: "411 MissingContentLength" },
    async (bench) => outcome(stream(bench.s3, bench.bucket, [randomBytes(70_000), randomBytes(70_000)])),
  ),
  check("PUT of a stream, without a checksum", "yes", async (bench) => {
    const pieces = [randomBytes(70_000), randomBytes(70_000)];
    await stream(bench.plain, bench.bucket, pieces);
    return yesNo(Buffer.concat(pieces).equals(await bytesOf(get(bench, "stream"))));
  }),
  check(
    "PUT of a stream of small pieces, with its checksum behind it",
    { aws: "403 InvalidChunkSizeError", ceph16: "411 MissingContentLength" },
    async (bench) =>
      outcome(
        stream(
          bench.s3,
          bench.bucket,
          Array.from({ length: 3 }, () => randomBytes(100)),
        ),
      ),
  ),
  check("how a body was framed is not kept as its encoding", "", async ({ s3, bucket }) => {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "stream" }));
    return head.ContentEncoding ?? "";
  }),
  kept("CRC32 is answered", { ChecksumAlgorithm: "CRC32" }, "CRC32=NhCmhg=="),
  kept("CRC32C is answered", { ChecksumCRC32C: "mnG7TA==" }, "CRC32C=mnG7TA=="),
  kept("CRC64NVME is answered", { ChecksumCRC64NVME: "M3eFcAZSQlc=" }, "CRC64NVME=M3eFcAZSQlc="),
  kept("SHA-1 is answered", { ChecksumAlgorithm: "SHA1" }, "SHA1=qvTGHdzF6KLavt4PO0gs2a6pQ00="),
  kept("SHA-256 is answered", { ChecksumAlgorithm: "SHA256" }, `SHA256=${sha256("hello")}`),
  check("PUT with a wrong CRC32", { aws: "400 BadDigest", ceph16: "200" }, (bench) =>
    outcome(put(bench, "wrong-crc32", "hello", { ChecksumCRC32: "AAAAAA==" })),
  ),
  check("PUT with a wrong SHA-256", { aws: "400 BadDigest", ceph16: "200" }, (bench) =>
    outcome(put(bench, "wrong-sha256", "hello", { ChecksumSHA256: sha256("other") })),
  ),
  check("PUT with a wrong Content-MD5", "400 BadDigest, then 404 NoSuchKey", async (bench) => {
    const sent = put(bench, "wrong-md5", "hello", { ContentMD5: md5("other") });
    return `${await outcome(sent)}, then ${await content(bench, "wrong-md5")}`;
  }),
  check("PUT with a Content-MD5 that is none", "400 InvalidDigest", (bench) =>
    outcome(put(bench, "no-md5", "hello", { ContentMD5: "none" })),
  ),
  check("PUT of other bytes than were signed", "400 XAmzContentSHA256Mismatch", async ({ plain, bucket }) => {
    const command = new PutObjectCommand({ Bucket: bucket, Key: "other-bytes" });
    const signed = createHash("sha256").update("hello").digest("hex");
    command.middlewareStack.add(
      (next) => (given) => {
        (given.request as { headers: Record<string, string> }).headers["x-amz-content-sha256"] = signed;
        return next(given);
      },
      { step: "build" },
    );
    const url = await getSignedUrl(plain, command, {
      expiresIn: 60,
      unhoistableHeaders: new Set(["x-amz-content-sha256"]),
    });
    return await httpOutcome(fetch(url, { method: "PUT", body: "jello", headers: { "x-amz-content-sha256": signed } }));
  }),
];
