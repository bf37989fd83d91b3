import { CreateMultipartUploadCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createBucket, findCeph, mayBeMissing, type S3Place, startCeph } from "@cuitty/persist-servers";
import { startS3Double } from "@cuitty/persist-testkit/s3-double";
import { describe, expect, onTestFinished, test } from "vitest";

const missing = mayBeMissing(() => findCeph());
/** In the order of their bytes. Only the second and the last can be written in XML. */
const oddKeys = ["c/\u0001", "c/\t\r\n+ %41", "c/\u001f", "c/\ufffe", "c/\uffff", "c/\u{10ffff}"];

interface Started {
  readonly place: S3Place;
  end(): Promise<void>;
}

const double = async (): Promise<Started> => {
  const server = await startS3Double();
  return { place: server, end: () => server.close() };
};
const ceph = async (): Promise<Started> => {
  const server = await startCeph();
  return { place: server, end: () => server.stop() };
};

describe.each([
  { name: "the double", start: double, skips: "" },
  { name: "Ceph", start: ceph, skips: missing },
])("a bucket on $name", { timeout: 300_000 }, ({ start, skips }) => {
  test.skipIf(skips)(`is emptied below a prefix, and dropped with all that is in it${skips}`, async () => {
    const { place, end } = await start();
    onTestFinished(end);
    const bucket = await createBucket(place);
    const s3 = new S3Client({ ...place, credentials: { ...place.credentials }, forcePathStyle: true });
    onTestFinished(() => s3.destroy());
    const Bucket = bucket.bucket;
    for (const Key of ["a/1", "a/2", "b/1", ...oddKeys])
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    for (const Key of ["a/large", "b/large"]) await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    expect(await bucket.keys("a/")).toEqual(["a/1", "a/2"]);
    await bucket.empty("a/");
    expect(await bucket.keys()).toEqual(["b/1", ...oddKeys]);
    expect((await bucket.unfinishedUploads()).map(({ key }) => key)).toEqual(["b/large"]);
    await bucket.drop();
    await bucket.drop();
    await expect(bucket.keys()).rejects.toMatchObject({ name: "NoSuchBucket" });
  });
});
