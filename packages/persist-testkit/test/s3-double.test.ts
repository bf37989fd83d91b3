import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { type S3Double, type S3DoubleOptions, slowDown, startS3Double } from "@cuitty/persist-testkit/s3-double";
import { describe, expect, onTestFinished, test } from "vitest";

const Bucket = "files";

async function start(options: S3DoubleOptions = {}): Promise<S3Double> {
  const double = await startS3Double({ buckets: [Bucket], ...options });
  onTestFinished(() => double.close());
  return double;
}

function connect({ endpoint, region, credentials }: S3Double, more: S3ClientConfig = {}): S3Client {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1, ...more });
  onTestFinished(() => client.destroy());
  return client;
}

async function started(options?: S3DoubleOptions, more?: S3ClientConfig) {
  const double = await start(options);
  return { double, s3: connect(double, more) };
}

const put = (s3: S3Client, Key: string, Body: string | Uint8Array = "x") =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body }));

const get = async (s3: S3Client, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

const isPut = ({ operation }: { operation: string }) => operation === "PutObject";

describe("signatures", () => {
  const example = {
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    clock: () => Date.parse("2013-05-24T00:00:00Z"),
    buckets: ["examplebucket"],
  };
  const chunk = (size: number, signature: string) =>
    `${size.toString(16)};chunk-signature=${signature}\r\n${size === 0 ? "" : `${"a".repeat(size)}\r\n`}`;

  /** The chunked uploads that the documentation of Signature Version 4 calculates. */
  const documented = {
    hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    headers: { "content-length": "66824" },
    signed:
      "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
    seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    body:
      chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
      chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
      `${chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")}\r\n`,
  };
  const withTrailer = {
    hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    headers: { "x-amz-trailer": "x-amz-checksum-crc32c", "transfer-encoding": "chunked" },
    signed:
      "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
    seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    body:
      chunk(65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2") +
      chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7") +
      chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992") +
      "x-amz-checksum-crc32c:sOO8/Q==\r\n" +
      "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
  };

  function send({ port }: S3Double, { hash, headers, signed, seed, body }: typeof documented | typeof withTrailer) {
    const sending = httpRequest({
      port,
      method: "PUT",
      path: "/examplebucket/chunkObject.txt",
      headers: {
        host: "s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signed},Signature=${seed}`,
        "x-amz-content-sha256": hash,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        ...headers,
      },
    });
    sending.end(body);
    return new Promise<string>((resolve, reject) => {
      sending.on("error", reject);
      sending.on("response", (response) => {
        text(response).then(
          (said) => resolve(`${response.statusCode}${/<Code>.*<\/Code>/.exec(said)?.[0] ?? ""}`),
          reject,
        );
      });
    });
  }

  test.each([documented, withTrailer])("of chunks are those of the documentation: $hash", async (sample) => {
    const double = await start(example);
    expect(await send(double, sample)).toBe("200");
  });

  test.each([documented, withTrailer])("of changed chunks are refused: $hash", async (sample) => {
    const double = await start(example);
    // One byte within the second chunk.
    const body = sample.body.replace(/a\r\n0;/, "b\r\n0;");
    expect(body).not.toBe(sample.body);
    expect(await send(double, { ...sample, body })).toBe("403<Code>SignatureDoesNotMatch</Code>");
  });

  test("of a changed trailer are refused", async () => {
    const double = await start(example);
    const body = withTrailer.body.replace("sOO8/Q==", "sOO8/A==");
    expect(await send(double, { ...withTrailer, body })).toBe("403<Code>SignatureDoesNotMatch</Code>");
  });

  test("its own clock is in the headers of every answer", async () => {
    const { double } = await started({ clock: () => Date.parse("2013-05-24T12:34:56Z") });
    const { headers, body } = await fetch(double.endpoint);
    expect(headers.get("date")).toBe("Fri, 24 May 2013 12:34:56 GMT");
    await body?.cancel();
  });

  test("a clock that is wrong is told the right time, by which the SDK corrects itself", async () => {
    const { s3, double } = await started({ clock: () => Date.now() + 3_600_000 }, { maxAttempts: 3 });
    await put(s3, "a");
    expect(double.requests.count()).toBe(2);
  });

  test("of temporary credentials want their token", async () => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret", sessionToken: "token" };
    const { double, s3 } = await started({ credentials });
    await put(s3, "a");
    const without = connect(double, { credentials: { accessKeyId: "key", secretAccessKey: "secret" } });
    await expect(put(without, "a")).rejects.toMatchObject({ name: "InvalidToken" });
  });
});

describe("checksums", () => {
  test.each([
    ["CRC32", "y/Q5Jg=="],
    ["CRC32C", "4waSgw=="],
    ["CRC64NVME", "rosUhgp5mIg="],
    ["SHA1", createHash("sha1").update("123456789").digest("base64")],
    ["SHA256", createHash("sha256").update("123456789").digest("base64")],
  ])("%s of 123456789 is the known one", async (name, value) => {
    const { s3 } = await started();
    const given = { [`Checksum${name}`]: value };
    const sent = s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "123456789", ...given }));
    expect(await sent).toMatchObject({ ...given, ChecksumType: "FULL_OBJECT" });
  });

  test.each(["CRC32", "SHA256"] as const)("%s of an upload in parts is over those of its parts", async (algorithm) => {
    const { s3 } = await started();
    const pieces = [randomBytes(5 * 1024 ** 2), randomBytes(10)];
    const upload = { Bucket, Key: "a" };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...upload, ChecksumAlgorithm: algorithm }));
    const Parts = await Promise.all(
      pieces.map(async (Body, index) => {
        const asked = { ...upload, UploadId, PartNumber: index + 1, Body, ChecksumAlgorithm: algorithm };
        const { ETag, ChecksumCRC32, ChecksumSHA256 } = await s3.send(new UploadPartCommand(asked));
        return { PartNumber: index + 1, ETag, ChecksumCRC32, ChecksumSHA256 };
      }),
    );
    const complete = (parts: { PartNumber: number; ETag: string | undefined }[]) =>
      s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts: parts } }));
    const bare = Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await expect(complete(bare)).rejects.toMatchObject({ name: "InvalidRequest" });
    expect(await complete(Parts)).toMatchObject({
      ChecksumType: "COMPOSITE",
      [`Checksum${algorithm}`]: expect.stringMatching(/-2$/),
    });
  });

  test("of a whole upload are compared", async () => {
    const { s3 } = await started();
    const upload = { Bucket, Key: "a" };
    const chosen = { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } as const;
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...upload, ...chosen }));
    const { ETag } = await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: "123456789" }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const complete = (ChecksumCRC32: string) =>
      s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload, ChecksumCRC32 }));
    await expect(complete("AAAAAA==")).rejects.toMatchObject({ name: "BadDigest" });
    expect(await complete("y/Q5Jg==")).toMatchObject({ ChecksumCRC32: "y/Q5Jg==" });
  });

  test("DELETE of many wants one", async () => {
    const { double, s3 } = await started();
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "a" }] } }));
    const bare = connect(double);
    bare.middlewareStack.add(
      (next) => (given) => {
        const { headers } = given.request as { headers: Record<string, string> };
        for (const name of Object.keys(headers)) if (/checksum|content-md5/.test(name)) delete headers[name];
        return next(given);
      },
      { step: "build", priority: "low" },
    );
    const sent = bare.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "a" }] } }));
    await expect(sent).rejects.toMatchObject({ name: "InvalidRequest" });
  });
});

describe("conditions", () => {
  test("what loses a race may hear 409", async () => {
    const { s3 } = await started({ lostRace: "409" });
    const racing = Array.from({ length: 8 }, (_, racer) =>
      s3
        .send(new PutObjectCommand({ Bucket, Key: "a", Body: `${racer}`, IfNoneMatch: "*" }))
        .then(() => "won")
        .catch(({ name }: Error) => name),
    );
    const outcomes = await Promise.all(racing);
    expect(outcomes.filter((outcome) => outcome === "won")).toHaveLength(1);
    expect(outcomes).toContain("ConditionalRequestConflict");
  });
});

describe("faults", () => {
  test("answers an error, as often as it is told to", async () => {
    const { double, s3 } = await started({}, { maxAttempts: 3 });
    const rule = double.faults.add({ fault: slowDown, when: isPut, times: 2 });
    await put(s3, "a");
    expect([rule.hits, double.requests.counts()]).toEqual([2, { PutObject: 3 }]);
  });

  test("passes over the first requests", async () => {
    const { double, s3 } = await started();
    double.faults.add({ fault: { kind: "answer", status: 500, code: "InternalError" }, skip: 1, times: 1 });
    await put(s3, "a");
    await expect(put(s3, "b")).rejects.toMatchObject({ name: "InternalError", $metadata: { httpStatusCode: 500 } });
    await put(s3, "c");
  });

  test("answers an error after having done it", async () => {
    const { double, s3 } = await started();
    double.faults.add({ fault: { kind: "answer", status: 500, code: "InternalError", done: true }, when: isPut });
    await expect(put(s3, "a", "done")).rejects.toMatchObject({ name: "InternalError" });
    expect(await get(s3, "a")).toBe("done");
  });

  test("answers an error in a 200", async () => {
    const { double, s3 } = await started();
    await put(s3, "a");
    double.faults.add({ fault: { kind: "error-in-200", code: "InternalError" }, times: 1 });
    const copy = s3.send(new CopyObjectCommand({ Bucket, Key: "b", CopySource: `${Bucket}/a` }));
    await expect(copy).rejects.toMatchObject({ name: "InternalError" });
    await expect(get(s3, "b")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test.each([
    [{ kind: "lose-reply" }, "new"],
    [{ kind: "lose-request" }, "old"],
    [{ kind: "lose-request", afterBytes: 100_000 }, "old"],
  ] as const)("%o: what is there then begins with %s", async (fault, begin) => {
    const { double, s3 } = await started();
    await put(s3, "a", "old");
    const rule = double.faults.add({ fault, when: isPut });
    await expect(put(s3, "a", `new${"x".repeat(500_000)}`)).rejects.toThrow(/ECONNRESET|socket hang up|EPIPE/);
    rule.remove();
    expect((await get(s3, "a"))?.slice(0, 3)).toBe(begin);
  });

  test("cuts a body", async () => {
    const { double, s3 } = await started();
    await put(s3, "a", "x".repeat(10_000));
    double.faults.add({ fault: { kind: "cut-body", afterBytes: 5000 } });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "a" }));
    await expect(Body?.transformToString()).rejects.toThrow("aborted");
  });

  test("changes a body, which the SDK finds out by its checksum", async () => {
    const { double, s3 } = await started();
    await put(s3, "a", "x".repeat(10_000));
    double.faults.add({ fault: { kind: "flip-bit", atByte: 5000 } });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "a" }));
    await expect(Body?.transformToString()).rejects.toThrow("Checksum mismatch");
  });

  test("hangs until the client gives up, and is late", async () => {
    const { double, s3 } = await started();
    const rule = double.faults.add({ fault: { kind: "hang" } });
    const abortSignal = AbortSignal.timeout(50);
    const sent = s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x" }), { abortSignal });
    await expect(sent).rejects.toMatchObject({ name: "AbortError" });
    rule.remove();
    double.faults.add({ fault: { kind: "delay", ms: 5 } });
    double.faults.add({ fault: { kind: "slow-body", bytesPerSecond: 1_000_000 } });
    await put(s3, "a", "x".repeat(20_000));
    expect(await get(s3, "a")).toHaveLength(20_000);
  });

  test("comes at random, and the same for the same seed", async () => {
    const hitsOf = async (seed: number) => {
      const { double, s3 } = await started({ seed });
      double.faults.add({ fault: slowDown, share: 0.2 });
      const keys = Array.from({ length: 60 }, (_, index) => `${index}`);
      const hits: string[] = [];
      for (const key of keys) await put(s3, key).catch(() => hits.push(key));
      return hits;
    };
    const [first, again, other] = [await hitsOf(1), await hitsOf(1), await hitsOf(2)];
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    expect(first.length).toBeGreaterThan(2);
    expect(first.length).toBeLessThan(30);
  });
});

test("counts requests, and tells of each before it is done", async () => {
  const { double, s3 } = await started();
  const told: string[] = [];
  const end = double.requests.listen(({ operation, key }, number) => void told.push(`${number} ${operation} ${key}`));
  await put(s3, "é/1");
  await get(s3, "é/1");
  end();
  await put(s3, "2");
  expect(told).toEqual(["1 PutObject é/1", "2 GetObject é/1"]);
  expect([double.requests.count(), double.requests.count("PutObject")]).toEqual([3, 2]);
  double.requests.reset();
  expect(double.requests.counts()).toEqual({});
});

test("lists what it has in pages, with all that is asked for", async () => {
  const { s3 } = await started();
  for (const index of [1, 2, 3, 4, 5]) await put(s3, `k${index}`);
  const first = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2, FetchOwner: true }));
  expect([first.KeyCount, first.IsTruncated, first.Contents?.[0]?.Owner]).toEqual([2, true, { ID: "owner" }]);
  const { NextContinuationToken = "" } = first;
  const rest = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: NextContinuationToken }));
  expect(rest.KeyCount).toBe(3);
  const madeUp = s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: "k5" }));
  await expect(madeUp).rejects.toMatchObject({ name: "InvalidArgument" });
});

test("lists uploads and parts in pages", async () => {
  const { s3 } = await started();
  const begin = async (Key: string) => (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId;
  const ids = [await begin("b"), await begin("a"), await begin("b")];
  const found: (string | undefined)[] = [];
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (marker !== undefined) {
    const page: ListMultipartUploadsCommandOutput = await s3.send(
      new ListMultipartUploadsCommand({ Bucket, MaxUploads: 1, ...marker }),
    );
    found.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId));
    const { IsTruncated, NextKeyMarker = "", NextUploadIdMarker = "" } = page;
    marker = IsTruncated ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker } : undefined;
  }
  expect(found).toEqual([ids[1], ids[0], ids[2]]);

  const upload = { Bucket, Key: "a", UploadId: ids[1] };
  for (const PartNumber of [3, 1, 2]) await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body: "x" }));
  const one = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
  expect([one.Parts?.map(({ PartNumber }) => PartNumber), one.IsTruncated]).toEqual([[1, 2], true]);
  const marked = { PartNumberMarker: one.NextPartNumberMarker ?? "" };
  const two = await s3.send(new ListPartsCommand({ ...upload, ...marked }));
  expect([two.Parts?.map(({ PartNumber }) => PartNumber), two.IsTruncated]).toEqual([[3], false]);
});

test("refuses what it does not know, rather than guess", async () => {
  const { s3 } = await started();
  const tagged = s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x", Tagging: "a=b" }));
  await expect(tagged).rejects.toMatchObject({ name: "NotImplemented" });
  await expect(get(s3, "a")).rejects.toMatchObject({ name: "NoSuchKey" });
});

test("takes large bodies of those who wait for its word, and gives them back", async () => {
  const { s3 } = await started();
  const body = randomBytes(20 * 1024 ** 2);
  await put(s3, "waited", body);
  await new Upload({ client: s3, params: { Bucket, Key: "parts", Body: body } }).done();
  for (const Key of ["waited", "parts"]) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(body.equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
  }
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "parts", ChecksumMode: "ENABLED" }));
  expect(head).toMatchObject({ ChecksumType: "COMPOSITE", ETag: expect.stringMatching(/-4"$/) });
});

test("refuses options that it does not know", async () => {
  const mistaken = (options: object) => startS3Double(options);
  await expect(mistaken({ bucket: "files" })).rejects.toThrow('no option "bucket"');
  await expect(mistaken({ profile: "ceph" })).rejects.toThrow('no profile "ceph". It has aws, ceph16, no-conditions.');
  await expect(mistaken({ buckets: ["x"] })).rejects.toThrow("not valid: x");
});

test("answers nobody any more when it is closed", async () => {
  const { double, s3 } = await started();
  await put(s3, "a");
  await double.close();
  await double.close();
  await expect(put(s3, "a")).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
});
