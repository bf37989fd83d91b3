import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { type Bench, type Check, check, outcome } from "./check.ts";
import { get, put, textOf } from "./requests.ts";

const ranged = (name: string, range: string, answers: string | Check["answers"], key = "digits") =>
  check(`GET of ${name} (${range})`, answers, async (bench) => {
    const asked = get(bench, key, { Range: range });
    const { $metadata, ContentRange } = await asked.catch(() => ({ $metadata: undefined, ContentRange: undefined }));
    if ($metadata === undefined) return await outcome(asked);
    const all = [$metadata.httpStatusCode, ContentRange, await textOf(asked)];
    return all.filter((part) => part !== undefined).join(" ");
  });

async function etag({ s3, bucket }: Bench): Promise<string | undefined> {
  return (await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "digits" }))).ETag;
}

const day = 86_400_000;

export const readChecks: readonly Check[] = [
  check("PUT of ten digits", "200", (bench) => outcome(put(bench, "digits", "0123456789"))),
  ranged("a range", "bytes=2-5", "206 bytes 2-5/10 2345"),
  ranged("one byte", "bytes=0-0", "206 bytes 0-0/10 0"),
  ranged("the last bytes", "bytes=-3", "206 bytes 7-9/10 789"),
  ranged("more last bytes than there are", "bytes=-30", "206 bytes 0-9/10 0123456789"),
  ranged("all from a byte on", "bytes=7-", "206 bytes 7-9/10 789"),
  ranged("a range that ends behind the end", "bytes=8-99", "206 bytes 8-9/10 89"),
  ranged("a range behind the end", "bytes=20-30", "416 InvalidRange"),
  ranged("a range of nothing", "bytes=0-0", "416 InvalidRange", "empty"),
  ranged("a range the wrong way round", "bytes=5-2", { aws: "200 0123456789", ceph16: "416 InvalidRange" }),
  check("GET If-None-Match with its ETag", "304", async (bench) =>
    outcome(get(bench, "digits", { IfNoneMatch: await etag(bench) })),
  ),
  check("GET If-None-Match with another ETag", "200", (bench) => outcome(get(bench, "digits", { IfNoneMatch: '"0"' }))),
  check("GET If-Match with its ETag", "200", async (bench) =>
    outcome(get(bench, "digits", { IfMatch: await etag(bench) })),
  ),
  check("GET If-Match with another ETag", "412 PreconditionFailed", (bench) =>
    outcome(get(bench, "digits", { IfMatch: '"0"' })),
  ),
  check("GET If-Modified-Since of later", "304", (bench) =>
    outcome(get(bench, "digits", { IfModifiedSince: new Date(Date.now() + day) })),
  ),
  check("GET If-Unmodified-Since of earlier", "412 PreconditionFailed", (bench) =>
    outcome(get(bench, "digits", { IfUnmodifiedSince: new Date(Date.now() - day) })),
  ),
];
