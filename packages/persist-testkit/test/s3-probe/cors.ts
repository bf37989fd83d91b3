/** What pages of other origins are told, as browsers ask it. */
import {
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  GetObjectCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Bench, type Check, check, httpOutcome, outcome } from "./check.ts";

const origin = "https://page.example.com";
const stranger = "https://other.example.org";

const refused = { aws: "403 AccessForbidden", ceph16: "403 AccessDenied" };

/** Of a preflight, or of the request itself. */
async function told(sent: Promise<Response>, names: readonly string[]): Promise<string> {
  const response = await sent;
  await response.arrayBuffer();
  const values = names.map((name) => response.headers.get(`access-control-${name}`) ?? "-");
  return `${response.status} ${values.join(" | ")}`;
}

const objectUrl = ({ endpoint, bucket }: Bench, key: string) => `${endpoint}/${bucket}/${key}`;

function ask(bench: Bench, from: string, method: string, headers?: string): Promise<Response> {
  return fetch(objectUrl(bench, "page"), {
    method: "OPTIONS",
    headers: {
      origin: from,
      "access-control-request-method": method,
      ...(headers === undefined ? {} : { "access-control-request-headers": headers }),
    },
  });
}

export const corsChecks: readonly Check[] = [
  check("the CORS rules of a bucket that has none", "404 NoSuchCORSConfiguration", ({ s3, bucket }) =>
    outcome(s3.send(new GetBucketCorsCommand({ Bucket: bucket }))),
  ),
  check("a preflight where there are no rules", refused, (bench) => httpOutcome(ask(bench, origin, "PUT"))),
  check("CORS rules", "200", ({ s3, bucket }) =>
    outcome(
      s3.send(
        new PutBucketCorsCommand({
          Bucket: bucket,
          CORSConfiguration: {
            CORSRules: [
              {
                AllowedOrigins: ["https://*.example.com"],
                AllowedMethods: ["GET", "PUT"],
                AllowedHeaders: ["content-*"],
                ExposeHeaders: ["ETag"],
                MaxAgeSeconds: 600,
              },
            ],
          },
        }),
      ),
    ),
  ),
  check("the CORS rules that were put", '["https://*.example.com"] ["GET","PUT"] 600', async ({ s3, bucket }) => {
    const { CORSRules: [rule] = [] } = await s3.send(new GetBucketCorsCommand({ Bucket: bucket }));
    const methods = [...(rule?.AllowedMethods ?? [])].sort();
    return `${JSON.stringify(rule?.AllowedOrigins)} ${JSON.stringify(methods)} ${rule?.MaxAgeSeconds}`;
  }),
  check("a preflight of what is allowed", `200 ${origin} | content-type | 600`, (bench) =>
    told(ask(bench, origin, "PUT", "content-type"), ["allow-origin", "allow-headers", "max-age"]),
  ),
  check("a preflight from another origin", refused, (bench) => httpOutcome(ask(bench, stranger, "PUT"))),
  check("a preflight of another method", refused, (bench) => httpOutcome(ask(bench, origin, "DELETE"))),
  check("a preflight of another header", refused, (bench) => httpOutcome(ask(bench, origin, "PUT", "x-amz-meta-a"))),
  check("a preflight without an origin", { aws: "400 BadRequest", ceph16: "400 InvalidArgument" }, (bench) =>
    httpOutcome(fetch(objectUrl(bench, "page"), { method: "OPTIONS" })),
  ),
  check("a presigned PUT by a page", `200 ${origin} | ETag`, async (bench) => {
    const url = await getSignedUrl(bench.plain, new PutObjectCommand({ Bucket: bench.bucket, Key: "page" }));
    return told(fetch(url, { method: "PUT", body: "page", headers: { origin } }), ["allow-origin", "expose-headers"]);
  }),
  check("a presigned GET by a page of another origin", "200 -", async (bench) => {
    const url = await getSignedUrl(bench.s3, new GetObjectCommand({ Bucket: bench.bucket, Key: "page" }));
    return told(fetch(url, { headers: { origin: stranger } }), ["allow-origin"]);
  }),
  check("a refusal that a page may read", `403 ${origin}`, (bench) =>
    told(fetch(objectUrl(bench, "page"), { headers: { origin } }), ["allow-origin"]),
  ),
  check("CORS rules that are removed", "204, then 404 NoSuchCORSConfiguration", async ({ s3, bucket }) => {
    const removed = await outcome(s3.send(new DeleteBucketCorsCommand({ Bucket: bucket })));
    return `${removed}, then ${await outcome(s3.send(new GetBucketCorsCommand({ Bucket: bucket })))}`;
  }),
];
