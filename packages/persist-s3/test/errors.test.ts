import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Cut, failureOf, toPersistError } from "../src/errors.ts";

const place = 'the bucket "files" at http://h';
const attempted = { attempt: 'write "a"', place, doubtful: false, times: 1 };

const answer = (status: number, name: string, headers: Record<string, string> = {}) => {
  const error = Object.assign(new Error("It says so."), {
    name,
    $metadata: { httpStatusCode: status, requestId: "r1" },
  });
  Object.defineProperty(error, "$response", { value: { statusCode: status, headers } });
  return error;
};

test.each([
  [404, "NoSuchKey", "NOT_FOUND"],
  [404, "NotFound", "NOT_FOUND"],
  [404, "NoSuchUpload", "NOT_FOUND"],
  [404, "NoSuchBucket", "DENIED"],
  [403, "AccessDenied", "DENIED"],
  [403, "Unknown", "DENIED"],
  [403, "InvalidAccessKeyId", "DENIED"],
  [403, "SignatureDoesNotMatch", "DENIED"],
  [400, "ExpiredToken", "DENIED"],
  [403, "QuotaExceeded", "NO_SPACE"],
  [507, "Unknown", "NO_SPACE"],
  [301, "PermanentRedirect", "INVALID_ARGUMENT"],
  [400, "AuthorizationHeaderMalformed", "INVALID_ARGUMENT"],
  [400, "EntityTooLarge", "TOO_LARGE"],
  [413, "Unknown", "TOO_LARGE"],
  [400, "KeyTooLongError", "INVALID_KEY"],
  [409, "ConditionalRequestConflict", "UNAVAILABLE"],
  [412, "PreconditionFailed", "CONFLICT"],
  [429, "Unknown", "RATE_LIMITED"],
  [500, "InternalError", "UNAVAILABLE"],
  [501, "NotImplemented", "UNSUPPORTED"],
  [503, "SlowDown", "RATE_LIMITED"],
  [503, "ServiceUnavailable", "UNAVAILABLE"],
  [599, "Whatever", "UNAVAILABLE"],
  [400, "Whatever", "INVALID_ARGUMENT"],
  [418, "Whatever", "INTERNAL"],
] as const)("%i %s is %s", (status, name, code) => {
  const error = toPersistError(answer(status, name), attempted);
  expect(error).toMatchObject({ code, adapter: "s3", outcome: "not-applied" });
  expect(error.message).toMatch(/^Could not write "a" in the bucket "files" at http:\/\/h[.:] /);
  expect(error.message).toContain("It says so.");
});

test.each([
  ["ECONNREFUSED", "UNAVAILABLE"],
  ["ECONNRESET", "UNAVAILABLE"],
  ["ENOTFOUND", "UNAVAILABLE"],
  ["EAI_AGAIN", "UNAVAILABLE"],
  ["CONNECT_TIMEOUT", "UNAVAILABLE"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "UNAVAILABLE"],
  ["CERT_HAS_EXPIRED", "DENIED"],
  ["CERT_REVOKED", "DENIED"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "DENIED"],
] as const)("%s is %s", (name, code) => {
  expect(toPersistError(Object.assign(new Error("no"), { code: name }), attempted)).toMatchObject({ code });
});

test.each([
  ["CredentialsProviderError", "Could not load credentials from any providers", "DENIED", /credentials/],
  ["Error", "Region is missing", "INVALID_ARGUMENT", /AWS_REGION/],
  ["SyntaxError", "Unexpected token <", "UNAVAILABLE", /does not speak S3/],
] as const)("the SDK's %s", (name, message, code, told) => {
  const error = toPersistError(Object.assign(new Error(message), { name }), attempted);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(told);
});

test("an answer of 200 that breaks off is no refusal", () => {
  const error = Object.assign(answer(200, "Error"), { code: "ECONNRESET" });
  expect(failureOf(error)).toMatchObject({ said: undefined, meaning: { code: "UNAVAILABLE", again: "later" } });
});

test("the region that the server names", () => {
  const error = toPersistError(answer(301, "PermanentRedirect", { "x-amz-bucket-region": "eu-west-1" }), attempted);
  expect(error.message).toContain("eu-west-1");
});

test("how long the server asks to be left alone", () => {
  expect(failureOf(answer(503, "SlowDown", { "retry-after": "7" })).pause).toBe(7_000);
  expect(failureOf(answer(503, "SlowDown", { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" })).pause).toBe(0);
  expect(failureOf(answer(503, "SlowDown", { "retry-after": "soon" })).pause).toBeUndefined();
});

test("what is given up", () => {
  expect(toPersistError(new Cut("aborted"), attempted)).toMatchObject({ code: "ABORTED", outcome: "not-applied" });
  const doubtful = { ...attempted, doubtful: true };
  const late = toPersistError(new Cut("deadline"), doubtful);
  expect(late).toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
  expect(late.message).toMatch(/in time; it may have happened\./);
});

test("neither headers nor URLs that are signed are told", () => {
  const headers = { authorization: "Signature=5ec2e7", location: "http://h/?X-Amz-Signature=5ec2e7" };
  const error = toPersistError(answer(403, "AccessDenied", headers), attempted);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("5ec2e7");
  expect(error.cause).toMatchObject({ status: 403, code: "AccessDenied", requestId: "r1" });
});
