import { inspect } from "node:util";
import { CreateMultipartUploadCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Operation } from "@cuitty/persist-testkit/s3-double";
import { expect, test } from "vitest";
import { openBucket } from "../src/open-bucket.ts";
import { parseOptions } from "../src/options.ts";
import { inTime, openDouble, openOn, optionsOf, startDouble } from "./buckets.ts";

const nothing = { puts: false, deletes: false, copies: false, completions: false };

test.each([
  ["aws", { puts: true, deletes: true, copies: true, completions: true }],
  ["ceph16", { ...nothing, puts: true }],
  ["no-conditions", nothing],
] as const)("finds what %s enforces, and leaves nothing behind", async (profile, enforced) => {
  const { bucket } = await openDouble({ profile }, { prefix: "app" });
  expect(bucket.enforced).toEqual(enforced);
  expect(await bucket.list("", { ...inTime(), limit: 1 })).toMatchObject({ objects: [], more: false });
  expect(await bucket.listUploads("", inTime())).toMatchObject({ uploads: [], more: false });
});

test("takes away what others left behind which died meanwhile, and nothing that may be under way", async () => {
  let now = Date.now();
  const double = await startDouble({ clock: () => now });
  const { endpoint, region, credentials } = double;
  const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
  const leave = async (name: string) => {
    const object = { Bucket: "files", Key: `app/.persist-probe/${name}/none` };
    await client.send(new PutObjectCommand({ ...object, Body: name }));
    await client.send(new CreateMultipartUploadCommand(object));
  };
  await leave("dead");
  now += 2 * 60 * 60 * 1000;
  await leave("alive");
  const bucket = await openOn(double, { prefix: "app" });
  const { objects } = await bucket.list("", { ...inTime(), limit: 10 });
  const { uploads } = await bucket.listUploads("", inTime());
  expect([objects, uploads].map((found) => found.map(({ key }) => key))).toEqual([
    ["app/.persist-probe/alive/none"],
    ["app/.persist-probe/alive/none"],
  ]);
  client.destroy();
});

test("is not repeated for the same place, and is for another", async () => {
  const double = await startDouble();
  const first = await openOn(double);
  const count = double.requests.count();
  expect(await openOn(double)).toMatchObject({ enforced: first.enforced });
  expect(double.requests.count()).toBe(count);
  await openOn(double, { prefix: "other" });
  expect(double.requests.count()).toBe(2 * count);
});

test("those who open at once share one", async () => {
  const double = await startDouble();
  await openOn(double, { prefix: "before" });
  const count = double.requests.count();
  await Promise.all([openOn(double), openOn(double), openOn(double)]);
  expect(double.requests.count()).toBe(2 * count);
});

test("finds the same through a given client, which is left alone", async () => {
  const double = await startDouble({ profile: "ceph16" });
  const { endpoint, region, credentials } = double;
  const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
  const bucket = await openBucket(parseOptions({ bucket: "files", client }));
  expect(bucket.enforced).toEqual({ ...nothing, puts: true });
  expect(bucket.raw()).toBe(client);
  await bucket.put("a", "1", { ...inTime(), ifEtag: null });
  expect(await bucket.readText("a", inTime())).toMatchObject({ text: "1" });
  const page = await bucket.list("", { ...inTime(), limit: 10 });
  expect(page.objects).toHaveLength(1);
  expect(Math.abs(page.time - Date.now())).toBeLessThan(60_000);
  await bucket.close();
  expect(await client.config.region()).toBe(region);
  client.destroy();
});

test("does without what may not be done", async () => {
  const denied: readonly Operation[] = ["CreateMultipartUpload", "CopyObject", "DeleteObject"];
  const fault = { kind: "answer", status: 403, code: "AccessDenied" } as const;
  const double = await startDouble({ faults: [{ fault, when: ({ operation }) => denied.includes(operation) }] });
  expect((await openOn(double)).enforced).toEqual({ ...nothing, puts: true });
});

test("a server that is busy is asked again", async () => {
  const fault = { kind: "answer", status: 503, code: "SlowDown" } as const;
  const double = await startDouble({ faults: [{ fault, share: 0.3 }] });
  expect((await openOn(double)).enforced).toEqual({ puts: true, deletes: true, copies: true, completions: true });
});

test.each([
  ["the bucket is missing", { bucket: "nowhere" }, "DENIED", /no bucket of that name/],
  [
    "the key is wrong",
    { credentials: { accessKeyId: "AKIAOTHER", secretAccessKey: "hunter2" } },
    "DENIED",
    /does not know these credentials/,
  ],
  ["the region is wrong", { region: "eu-north-1" }, "INVALID_ARGUMENT", /another region.*us-east-1/],
] as const)("says so where %s", async (_, wrong, code, message) => {
  const double = await startDouble();
  const opening = openBucket(parseOptions({ ...optionsOf(double), ...wrong }));
  const error = await opening.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "PersistError", code, adapter: "s3", outcome: "not-applied" });
  expect(String(error)).toMatch(message);
  expect(String(error)).toContain(double.endpoint);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter2|Signature=|secret that tests/);
});

test("says so where the secret is wrong, without telling it", async () => {
  const double = await startDouble();
  const credentials = { ...double.credentials, secretAccessKey: "hunter2" };
  const error = await openBucket(parseOptions({ ...optionsOf(double), credentials })).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "DENIED" });
  expect(String(error)).toMatch(/secret access key is wrong/);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter2|Signature=/);
});

test("says so where nobody listens", async () => {
  const double = await startDouble();
  const options = parseOptions({ ...optionsOf(double), endpoint: "http://127.0.0.1:1" });
  const error = await openBucket(options, { patience: 300 }).catch((thrown: unknown) => thrown);
  expect(["UNAVAILABLE", "TIMEOUT"]).toContain((error as { code: string }).code);
  expect(String(error)).toContain("http://127.0.0.1:1");
});

test("says so where nothing is said", async () => {
  const double = await startDouble({ faults: [{ fault: { kind: "hang" } }] });
  const opening = openBucket(parseOptions(optionsOf(double)), { patience: 100 });
  await expect(opening).rejects.toMatchObject({ code: "TIMEOUT" });
});

test("says so where what answers is no S3", async () => {
  const double = await startDouble({ faults: [{ fault: { kind: "answer", status: 418, code: "Teapot" } }] });
  await expect(openBucket(parseOptions(optionsOf(double)))).rejects.toThrow(/Could not open a store in the bucket/);
});

test("a bucket that is closed sends nothing", async () => {
  const { double, bucket } = await openDouble();
  await bucket.close();
  await bucket.close();
  await expect(bucket.readText("a", inTime())).rejects.toMatchObject({ code: "CLOSED" });
  expect(double.requests.count()).toBe(0);
});
