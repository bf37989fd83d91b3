import { inspect } from "node:util";
import { S3Client } from "@aws-sdk/client-s3";
import type { S3Options as Promised } from "@cuitty/persist";
import { PersistError } from "@cuitty/persist-core";
import { expect, expectTypeOf, test } from "vitest";
import { parseOptions, type S3FactoryOptions, type S3Options } from "../src/options.ts";

const credentials = { accessKeyId: "AKIA123", secretAccessKey: "hunter2" };
const given = { bucket: "files", region: "eu-west-1", credentials };

const access = (options: S3FactoryOptions) => {
  const { server } = parseOptions(options);
  if (!("access" in server)) throw new Error("a client");
  return server.access;
};

test("defaults", () => {
  expect(parseOptions(given)).toEqual({
    bucket: "files",
    prefix: "",
    place: 'the bucket "files" in eu-west-1',
    partSize: 8_388_608,
    concurrency: 50,
    requestTimeout: 15_000,
    feed: false,
    server: {
      access: {
        region: "eu-west-1",
        credentials,
        endpoint: undefined,
        forcePathStyle: false,
        concurrency: 50,
        connectTimeout: 5_000,
      },
    },
  });
  expect(access({ bucket: "files" })).toMatchObject({ region: undefined, credentials: undefined });
});

test("what was promised may be given", () => {
  expectTypeOf<Promised>().toExtend<S3Options>();
});

test("an endpoint", () => {
  const endpoint = "http://127.0.0.1:9000/";
  expect(access({ ...given, endpoint })).toMatchObject({ endpoint: "http://127.0.0.1:9000", forcePathStyle: true });
  expect(access({ ...given, endpoint, forcePathStyle: false }).forcePathStyle).toBe(false);
  expect(parseOptions({ ...given, endpoint }).place).toBe('the bucket "files" at http://127.0.0.1:9000');
});

test("a prefix ends in /", () => {
  expect(parseOptions({ ...given, prefix: "a b/ü" }).prefix).toBe("a b/ü/");
  expect(parseOptions({ ...given, prefix: "a/" }).prefix).toBe("a/");
  expect(parseOptions({ ...given, prefix: "x".repeat(255) }).prefix).toHaveLength(256);
});

test("credentials that the SDK has given or has noted something on", () => {
  const noted = { ...credentials, sessionToken: "t", expiration: new Date(), $source: {} };
  expect(access({ ...given, credentials: noted }).credentials).toEqual({ ...credentials, sessionToken: "t" });
});

test("a client", () => {
  const client = new S3Client({});
  expect(parseOptions({ bucket: "files", client, timeouts: { request: 5 } })).toMatchObject({
    server: { client },
    place: 'the bucket "files"',
    requestTimeout: 5,
  });
});

const mebibyte = 1024 * 1024;

test.each<[string, unknown, RegExp]>([
  ["nothing", {}, /needs the option bucket/],
  ["no object", "files", /as an object/],
  ["an unknown name", { ...given, buckett: "a" }, /no option "buckett".*Did you mean "?bucket/],
  ["an unknown timeout", { ...given, timeouts: { conect: 1 } }, /no option "conect".*Did you mean/],
  ["an unknown credential", { ...given, credentials: { ...credentials, token: "x" } }, /no option "token"/],
  ["a bucket that is none", { ...given, bucket: "a/b" }, /option bucket must be the name/],
  ["a directory bucket", { ...given, bucket: "files--use1-az4--x-s3" }, /directory bucket/],
  ["a region that is none", { ...given, region: "eu west" }, /option region/],
  [
    "credentials from an environment without them",
    { ...given, credentials: { ...credentials, accessKeyId: undefined } },
    /credentials\.accessKeyId.*environment/,
  ],
  [
    "an empty secret",
    { ...given, credentials: { ...credentials, secretAccessKey: "" } },
    /credentials\.secretAccessKey/,
  ],
  ["an empty token", { ...given, credentials: { ...credentials, sessionToken: "" } }, /credentials\.sessionToken/],
  ["a prefix that is none", { ...given, prefix: 7 }, /prefix must be a string/],
  ["a prefix with NUL", { ...given, prefix: "a\0" }, /without NUL/],
  ["an ill-formed prefix", { ...given, prefix: "\ud800" }, /well-formed/],
  ["a long prefix", { ...given, prefix: "é".repeat(128) }, /257 bytes.*256/],
  ["an endpoint that is none", { ...given, endpoint: "s3.example.com" }, /must be a URL/],
  ["an endpoint of something else", { ...given, endpoint: "ftp://s3.example.com" }, /must be a URL/],
  [
    "an endpoint with credentials",
    { ...given, endpoint: "https://me:hunter2@s3.example.com" },
    /must not hold credentials/,
  ],
  ["an endpoint with a query", { ...given, endpoint: "https://s3.example.com/?a=hunter2" }, /query/],
  ["a style that is none", { ...given, forcePathStyle: "yes" }, /forcePathStyle/],
  [
    "a part that is too small",
    { ...given, partSize: 5 * mebibyte - 1 },
    /partSize must be a whole number from 5242880/,
  ],
  ["a part that is too large", { ...given, partSize: 5 * 1024 * mebibyte + 1 }, /partSize/],
  ["no requests", { ...given, concurrency: 0 }, /concurrency/],
  ["a timeout of none", { ...given, timeouts: { request: 0.5 } }, /timeouts\.request/],
  ["a feed that is none", { ...given, feed: 1 }, /option feed/],
  ["a name that is none", { ...given, name: "a/b" }, /name must be/],
  ["a client that is none", { bucket: "files", client: {} }, /must be an S3Client/],
  [
    "a client and a region",
    { bucket: "files", client: new S3Client({}), region: "eu-west-1" },
    /client and region contradict/,
  ],
  [
    "a client and credentials",
    { bucket: "files", client: new S3Client({}), credentials },
    /client and credentials contradict/,
  ],
  [
    "a client and a time to connect",
    { bucket: "files", client: new S3Client({}), timeouts: { connect: 1 } },
    /timeouts\.connect contradict/,
  ],
])("refuses %s", (_, options, message) => {
  let error: unknown;
  try {
    parseOptions(options as S3FactoryOptions);
  } catch (thrown) {
    error = thrown;
  }
  expect(PersistError.is(error, "INVALID_ARGUMENT")).toBe(true);
  expect(String(error)).toMatch(message);
  expect(inspect(error)).not.toContain("hunter2");
});
