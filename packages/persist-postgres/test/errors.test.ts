import { inspect } from "node:util";
import postgres from "postgres";
import { expect, test } from "vitest";
import { definite, isAnswer, isCollision, Late, toPersistError, Unanswered } from "../src/errors.ts";

/** As the server's answer comes out of postgres.js. */
function answer(code: string, severity = "ERROR") {
  const error = new postgres.PostgresError("said");
  Object.assign(error, { message: "said", code, severity, detail: "Key (a)=(secret)" });
  return Object.defineProperties(error, {
    query: { value: "select $1", enumerable: true },
    parameters: { value: ["secret"], enumerable: true },
  });
}

const system = (code: string) => Object.assign(new Error(code), { code });

test.each([
  ["08006", "UNAVAILABLE"],
  ["08P01", "UNAVAILABLE"],
  ["22021", "INVALID_VALUE"],
  ["22P05", "INVALID_VALUE"],
  ["25006", "DENIED"],
  ["28P01", "DENIED"],
  ["28000", "DENIED"],
  ["3D000", "DENIED"],
  ["3F000", "MIGRATION"],
  ["40001", "UNAVAILABLE"],
  ["40P01", "UNAVAILABLE"],
  ["42501", "DENIED"],
  ["42P01", "MIGRATION"],
  ["53100", "NO_SPACE"],
  ["53200", "UNAVAILABLE"],
  ["53300", "UNAVAILABLE"],
  ["53400", "UNAVAILABLE"],
  ["54000", "TOO_LARGE"],
  ["55P03", "UNAVAILABLE"],
  ["57014", "TIMEOUT"],
  ["57P01", "UNAVAILABLE"],
  ["57P02", "UNAVAILABLE"],
  ["57P03", "UNAVAILABLE"],
  ["58030", "UNAVAILABLE"],
  ["XX001", "CORRUPT"],
  ["XX002", "CORRUPT"],
  ["XX000", "INTERNAL"],
  ["23505", "INTERNAL"],
])("SQLSTATE %s is %s", (state, code) => {
  const error = toPersistError(answer(state), "try");
  expect(error).toMatchObject({ code, outcome: "not-applied", adapter: "postgres" });
  expect(error.message).toMatch(/^Could not try/);
});

test.each([
  ["ECONNREFUSED", "UNAVAILABLE"],
  ["ECONNRESET", "UNAVAILABLE"],
  ["ETIMEDOUT", "UNAVAILABLE"],
  ["ENOTFOUND", "UNAVAILABLE"],
  ["EPIPE", "UNAVAILABLE"],
  ["CERT_HAS_EXPIRED", "DENIED"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "DENIED"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "DENIED"],
  ["SASL_SIGNATURE_MISMATCH", "DENIED"],
  ["CONNECT_TIMEOUT", "UNAVAILABLE"],
  ["CONNECTION_CLOSED", "UNAVAILABLE"],
  ["CONNECTION_DESTROYED", "UNAVAILABLE"],
  ["CONNECTION_ENDED", "CLOSED"],
  ["TLS_REFUSED", "DENIED"],
  ["toString", "INTERNAL"],
])("%s is %s", (name, code) => {
  expect(toPersistError(system(name), "try")).toMatchObject({ code, outcome: "not-applied" });
});

test("without an answer nobody knows, and of what needs one to happen it is known", () => {
  const lost = new Unanswered("lost", system("ECONNRESET"));
  expect(toPersistError(lost, "try")).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown", retryable: true });
  expect(toPersistError(definite(lost), "try")).toMatchObject({ code: "UNAVAILABLE", outcome: "not-applied" });
  const late = new Unanswered("deadline", undefined);
  expect(toPersistError(late, "try")).toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
  expect(toPersistError(definite(late), "try")).toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
  expect(toPersistError(new Unanswered("aborted", "why"), "try")).toMatchObject({ code: "ABORTED", cause: "why" });
  expect(toPersistError(new Late("deadline", true), "try")).toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
});

test("an error that ends the connection is no answer, since the commit may stand", () => {
  expect(isAnswer(answer("23505"))).toBe(true);
  expect(isAnswer(answer("57P01", "FATAL"))).toBe(false);
  expect(isAnswer(answer("53100", "PANIC"))).toBe(false);
  expect(isAnswer(answer("40003"))).toBe(false);
  expect(isAnswer(system("ECONNRESET"))).toBe(false);
  expect(["40001", "40P01", "23505"].map((state) => isCollision(answer(state)))).toEqual([true, true, false]);
});

test("causes show no values", () => {
  for (const error of [answer("23505"), new Unanswered("lost", answer("57P01", "FATAL"))]) {
    const mapped = toPersistError(error, "try");
    expect(mapped.cause).toMatchObject({ code: expect.any(String), message: "said" });
    expect(inspect(mapped, { depth: 9, showHidden: true })).not.toContain("secret");
    expect(JSON.stringify(mapped.cause)).not.toContain("secret");
  }
});
