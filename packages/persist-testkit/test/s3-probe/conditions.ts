import { CopyObjectCommand, type CopyObjectCommandInput, DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { type Bench, type Check, check, outcome } from "./check.ts";
import { content, etagOf, put, remove } from "./requests.ts";

const failed = "412 PreconditionFailed";

/** A write, and what is there then. */
async function then(bench: Bench, key: string, sent: Parameters<typeof outcome>[0]): Promise<string> {
  return `${await outcome(sent)}, then ${await content(bench, key)}`;
}

/** The ETag of what was there before the last PUT. */
async function staleEtag(bench: Bench, key: string): Promise<string> {
  const stale = await etagOf(put(bench, key, "old"));
  await put(bench, key, "new");
  return stale;
}

function copy({ s3, bucket }: Bench, key: string, more: Partial<CopyObjectCommandInput>) {
  return s3.send(new CopyObjectCommand({ Bucket: bucket, Key: key, CopySource: `${bucket}/copied-from`, ...more }));
}

export const conditionChecks: readonly Check[] = [
  check("PUT If-None-Match:* on no object", "200, then 1", (bench) =>
    then(bench, "c1", put(bench, "c1", "1", { IfNoneMatch: "*" })),
  ),
  check("PUT If-None-Match:* on an object", { aws: `${failed}, then 1`, "no-conditions": "200, then 2" }, (bench) =>
    then(bench, "c1", put(bench, "c1", "2", { IfNoneMatch: "*" })),
  ),
  check("PUT If-None-Match:* on what was deleted", "200, then 3", async (bench) => {
    await remove(bench, "c1");
    return await then(bench, "c1", put(bench, "c1", "3", { IfNoneMatch: "*" }));
  }),
  check(
    "PUT If-None-Match with the ETag of another",
    { aws: "501 NotImplemented", ceph16: "200", "no-conditions": "200" },
    async (bench) => {
      await put(bench, "c2", "1");
      return await outcome(put(bench, "c2", "2", { IfNoneMatch: "0123456789abcdef0123456789abcdef" }));
    },
  ),
  check("PUT If-Match with its ETag in quotes", { aws: "200", ceph16: failed }, async (bench) =>
    outcome(put(bench, "c3", "2", { IfMatch: `"${await etagOf(put(bench, "c3", "1"))}"` })),
  ),
  check("PUT If-Match with its ETag without quotes", "200", async (bench) =>
    outcome(put(bench, "c4", "2", { IfMatch: await etagOf(put(bench, "c4", "1")) })),
  ),
  check(
    "PUT If-Match with a stale ETag",
    { aws: `${failed}, then new`, "no-conditions": "200, then 3" },
    async (bench) => {
      const etag = await staleEtag(bench, "c5");
      return await then(bench, "c5", put(bench, "c5", "3", { IfMatch: etag }));
    },
  ),
  check(
    "PUT If-Match with an ETag on no object",
    {
      aws: "404 NoSuchKey, then 404 NoSuchKey",
      ceph16: `${failed}, then 404 NoSuchKey`,
      "no-conditions": "200, then 1",
    },
    (bench) => then(bench, "c6", put(bench, "c6", "1", { IfMatch: "0123456789abcdef0123456789abcdef" })),
  ),
  check("DELETE If-Match with its ETag", "204", async (bench) =>
    outcome(remove(bench, "c7", { IfMatch: await etagOf(put(bench, "c7", "1")) })),
  ),
  check(
    "DELETE If-Match with a stale ETag",
    { aws: `${failed}, then new`, ceph16: "204, then 404 NoSuchKey", "no-conditions": "204, then 404 NoSuchKey" },
    async (bench) => {
      const etag = await staleEtag(bench, "c8");
      return await then(bench, "c8", remove(bench, "c8", { IfMatch: etag }));
    },
  ),
  check("DELETE If-Match:* on an object", "204", async (bench) => {
    await put(bench, "c9", "1");
    return await outcome(remove(bench, "c9", { IfMatch: "*" }));
  }),
  check("DELETE If-Match:* on no object", { aws: failed, ceph16: "204", "no-conditions": "204" }, (bench) =>
    outcome(remove(bench, "c9", { IfMatch: "*" })),
  ),
  check(
    "DELETE of many with a stale ETag",
    { aws: "PreconditionFailed, then new", ceph16: ", then 404 NoSuchKey", "no-conditions": ", then 404 NoSuchKey" },
    async (bench) => {
      const ETag = await staleEtag(bench, "c10");
      const { Errors = [] } = await bench.s3.send(
        new DeleteObjectsCommand({ Bucket: bench.bucket, Delete: { Objects: [{ Key: "c10", ETag }] } }),
      );
      return `${Errors.map(({ Code }) => Code)}, then ${await content(bench, "c10")}`;
    },
  ),
  check("a copy whose source has that ETag", "200, then source", async (bench) => {
    const etag = await etagOf(put(bench, "copied-from", "source"));
    return await then(bench, "c11", copy(bench, "c11", { CopySourceIfMatch: etag }));
  }),
  check("a copy whose source has another ETag", { aws: failed, ceph16: "200", "no-conditions": "200" }, (bench) =>
    outcome(copy(bench, "c12", { CopySourceIfMatch: "0123456789abcdef0123456789abcdef" })),
  ),
  check(
    "a copy If-None-Match:* onto an object",
    { aws: `${failed}, then target`, ceph16: "200, then source", "no-conditions": "200, then source" },
    async (bench) => {
      await put(bench, "c13", "target");
      return await then(bench, "c13", copy(bench, "c13", { IfNoneMatch: "*" }));
    },
  ),
  check(
    "a copy If-Match with a stale ETag",
    { aws: `${failed}, then new`, ceph16: "200, then source", "no-conditions": "200, then source" },
    async (bench) => {
      const etag = await staleEtag(bench, "c14");
      return await then(bench, "c14", copy(bench, "c14", { IfMatch: etag }));
    },
  ),
];
