import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Bench, type Check, check, httpOutcome, outcome } from "./check.ts";
import { clientOf } from "./clients.ts";
import { content, put } from "./requests.ts";

function signedGet(
  { s3, bucket }: Bench,
  key: string,
  options: Parameters<typeof getSignedUrl>[2] = { expiresIn: 60 },
) {
  return getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: key }), options);
}

/** A GET by somebody else. */
function asked(bench: Bench, more: Parameters<typeof clientOf>[1]): Promise<string> {
  const client: S3Client = clientOf(bench, more);
  return outcome(client.send(new GetObjectCommand({ Bucket: bench.bucket, Key: "open" }))).finally(() =>
    client.destroy(),
  );
}

export const accessChecks: readonly Check[] = [
  check("PUT of what is asked for", "200", (bench) => outcome(put(bench, "open", "here"))),
  check("a presigned GET", "here", async (bench) => await (await fetch(await signedGet(bench, "open"))).text()),
  check("a presigned GET of an odd key", "odd", async (bench) => {
    await put(bench, "é 日本 😀+%25?", "odd");
    return await (await fetch(await signedGet(bench, "é 日本 😀+%25?"))).text();
  }),
  check("a presigned GET under another name", "attachment text/x", async ({ s3, bucket }) => {
    const chosen = { ResponseContentDisposition: "attachment", ResponseContentType: "text/x" };
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: "open", ...chosen }), {
      expiresIn: 60,
    });
    const { headers } = await fetch(url);
    return `${headers.get("content-disposition")} ${headers.get("content-type")}`;
  }),
  check("a presigned PUT", "200, then sent", async (bench) => {
    const url = await getSignedUrl(bench.plain, new PutObjectCommand({ Bucket: bench.bucket, Key: "sent" }), {
      expiresIn: 60,
    });
    return `${await httpOutcome(fetch(url, { method: "PUT", body: "sent" }))}, then ${await content(bench, "sent")}`;
  }),
  check(
    "a presigned PUT with a header of S3 that was not signed",
    { aws: "403 AccessDenied", ceph16: "200" },
    async (bench) => {
      const url = await getSignedUrl(bench.plain, new PutObjectCommand({ Bucket: bench.bucket, Key: "more" }), {
        expiresIn: 60,
      });
      return await httpOutcome(fetch(url, { method: "PUT", body: "x", headers: { "x-amz-meta-more": "1" } }));
    },
  ),
  check("a presigned URL that has expired", "403 AccessDenied", async (bench) => {
    const signingDate = new Date(Date.now() - 60_000);
    return await httpOutcome(fetch(await signedGet(bench, "open", { expiresIn: 1, signingDate })));
  }),
  check("a presigned URL of another key", "403 SignatureDoesNotMatch", async (bench) =>
    httpOutcome(fetch((await signedGet(bench, "open")).replace("/open?", "/etag?"))),
  ),
  check("a presigned URL by another method", "403 SignatureDoesNotMatch", async (bench) =>
    httpOutcome(fetch(await signedGet(bench, "open"), { method: "DELETE" })),
  ),
  check("a wrong secret", "403 SignatureDoesNotMatch", (bench) =>
    asked(bench, { credentials: { ...bench.credentials, secretAccessKey: "wrong" } }),
  ),
  check("an unknown key", "403 InvalidAccessKeyId", (bench) =>
    asked(bench, { credentials: { ...bench.credentials, accessKeyId: "nobody" } }),
  ),
  check("another region", { aws: "400 AuthorizationHeaderMalformed", ceph16: "200" }, (bench) =>
    asked(bench, { region: "eu-west-1" }),
  ),
  check("a clock 20 minutes late", "403 RequestTimeTooSkewed", (bench) =>
    asked(bench, { systemClockOffset: -20 * 60_000 }),
  ),
  check("a clock 20 minutes early", "403 RequestTimeTooSkewed", (bench) =>
    asked(bench, { systemClockOffset: 20 * 60_000 }),
  ),
  check("an anonymous GET", "403 AccessDenied", ({ endpoint, bucket }) =>
    httpOutcome(fetch(`${endpoint}/${bucket}/open`)),
  ),
  check("an anonymous PUT", "403 AccessDenied", ({ endpoint, bucket }) =>
    httpOutcome(fetch(`${endpoint}/${bucket}/anonymous`, { method: "PUT", body: "x" })),
  ),
  check("an anonymous listing", "403 AccessDenied", ({ endpoint, bucket }) =>
    httpOutcome(fetch(`${endpoint}/${bucket}?list-type=2`)),
  ),
];
