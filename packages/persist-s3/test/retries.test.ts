import { type Operation, slowDown } from "@cuitty/persist-testkit/s3-double";
import { describe, expect, test } from "vitest";
import { bytesOf, etagOf, inTime, openDouble, patternOf, times, within } from "./buckets.ts";

const only = (operation: Operation) => (request: { readonly operation: Operation }) => request.operation === operation;

test("20 % of 503: everything succeeds, and requests are at most doubled", async () => {
  const { double, bucket } = await openDouble();
  double.faults.add({ fault: slowDown, share: 0.2 });
  const work = async (i: number) => {
    const etag = etagOf(await bucket.put(`a/${i}`, `${i}`, { ...inTime(), ifEtag: null }));
    expect(await bucket.readText(`a/${i}`, inTime())).toMatchObject({ text: `${i}`, etag });
  };
  await Promise.all(times(100, work));
  expect((await bucket.list("a/", { ...inTime(), limit: 1000 })).objects).toHaveLength(100);
  expect(double.requests.count()).toBeLessThanOrEqual(2 * 201);
});

describe("a PUT whose answer is lost", () => {
  test("is sent again, and told as doubtful where its condition does not hold any more", async () => {
    const { double, bucket } = await openDouble();
    double.faults.add({ fault: { kind: "lose-reply" }, times: 1, when: only("PutObject") });
    expect(await bucket.put("a", "1", { ...inTime(), ifEtag: null })).toEqual({ outcome: "refused", doubtful: true });
    expect(await bucket.readText("a", inTime())).toMatchObject({ text: "1" });
    expect(await bucket.put("a", "2", { ...inTime(), ifEtag: null })).toEqual({ outcome: "refused", doubtful: false });
    expect(double.requests.count("PutObject")).toBe(3);
  });

  test("is stored where it never arrived", async () => {
    const { double, bucket } = await openDouble();
    double.faults.add({ fault: { kind: "lose-request" }, times: 2, when: only("PutObject") });
    expect(await bucket.put("a", "1", { ...inTime(), ifEtag: null })).toMatchObject({ outcome: "stored" });
  });

  test("is stored where it has no condition", async () => {
    const { double, bucket } = await openDouble();
    double.faults.add({ fault: { kind: "lose-reply" }, times: 2, when: only("PutObject") });
    expect(await bucket.put("a", "1", inTime())).toMatchObject({ outcome: "stored" });
  });

  test("ends as unknown where no answer comes before the deadline", async () => {
    const { double, bucket } = await openDouble();
    double.faults.add({ fault: { kind: "lose-reply" } });
    const error = await bucket.put("a", "1", { ...within(300), ifEtag: null }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "PersistError", outcome: "unknown", retryable: true });
    expect(String(error)).toMatch(/may have happened/);
    double.faults.clear();
    expect(await bucket.readText("a", inTime())).toMatchObject({ text: "1" });
  });
});

test.each([
  [409, "ConditionalRequestConflict", false],
  [500, "InternalError", true],
  [500, "UnknownError", true],
  [502, "", true],
  [503, "SlowDown", false],
  [429, "TooManyRequests", false],
] as const)("%i %s is tried again, and may have been done: %s", async (status, code, mayBeDone) => {
  const { double, bucket } = await openDouble();
  const answer = { kind: "answer", status, code } as const;
  const fault = double.faults.add({ fault: answer, times: 2, when: only("PutObject") });
  expect(await bucket.put("a", "1", { ...inTime(), ifEtag: null })).toMatchObject({ outcome: "stored" });
  expect(fault.hits).toBe(2);
  double.faults.add({ fault: { ...answer, retryAfter: 600 }, when: only("PutObject") });
  const outcome = mayBeDone ? "unknown" : "not-applied";
  await expect(bucket.put("a", "2", inTime())).rejects.toMatchObject({ outcome });
});

test("what is done and answered with 500 is doubtful", async () => {
  const { double, bucket } = await openDouble({ profile: "ceph16" });
  double.faults.add({ fault: { kind: "answer", status: 500, code: "UnknownError", done: true }, times: 1 });
  expect(await bucket.put("a", "1", { ...inTime(), ifEtag: null })).toEqual({ outcome: "refused", doubtful: true });
});

describe("a server that says nothing", () => {
  test("is given up at the deadline, and what comes after goes well", async () => {
    const { double, bucket } = await openDouble();
    await bucket.put("a", "1", inTime());
    double.faults.add({ fault: { kind: "hang" } });
    const timeout = { code: "TIMEOUT" };
    await expect(bucket.readText("a", within(150))).rejects.toMatchObject({ ...timeout, outcome: "not-applied" });
    await expect(bucket.open("a", within(150))).rejects.toMatchObject({ ...timeout, outcome: "not-applied" });
    await expect(bucket.list("", { ...within(150), limit: 1 })).rejects.toMatchObject(timeout);
    await expect(bucket.put("a", "2", within(150))).rejects.toMatchObject({ ...timeout, outcome: "unknown" });
    await expect(bucket.remove("a", within(150))).rejects.toMatchObject({ ...timeout, outcome: "unknown" });
    double.faults.clear();
    expect(await bucket.readText("a", inTime())).toMatchObject({ text: "1" });
  });

  test("is asked once more after a while", async () => {
    const { double, bucket } = await openDouble({}, { timeouts: { request: 500 } });
    await bucket.put("a", "1", inTime());
    double.faults.add({ fault: { kind: "hang" }, times: 1 });
    expect(await bucket.readText("a", inTime())).toMatchObject({ text: "1" });
    double.faults.add({ fault: { kind: "hang" }, times: 1 });
    expect(await bucket.put("a", "2", { ...inTime(), ifEtag: null })).toEqual({ outcome: "refused", doubtful: true });
  });

  test("keeps nobody who has gone", async () => {
    const { double, bucket } = await openDouble();
    double.faults.add({ fault: { kind: "hang" } });
    const controller = new AbortController();
    const end = double.requests.listen(() => controller.abort());
    const o = { ...inTime(), signal: controller.signal };
    await expect(bucket.put("a", "1", o)).rejects.toMatchObject({ code: "ABORTED", outcome: "unknown" });
    end();
    double.requests.reset();
    await expect(bucket.put("a", "1", o)).rejects.toMatchObject({ code: "ABORTED", outcome: "not-applied" });
    await expect(bucket.readText("a", within(0))).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
    expect(double.requests.count()).toBe(0);
  });

  test("keeps nobody who waits for another's request to end", async () => {
    const { double, bucket } = await openDouble({}, { concurrency: 1 });
    const hanging = new Promise<void>((resolve) => void double.requests.listen(() => resolve()));
    double.faults.add({ fault: { kind: "hang" } });
    const controller = new AbortController();
    const first = bucket.readText("a", { ...inTime(), signal: controller.signal });
    await hanging;
    const late = { outcome: "not-applied" };
    await expect(bucket.put("b", "1", within(100))).rejects.toMatchObject({ ...late, code: "TIMEOUT" });
    const second = bucket.put("b", "1", { ...inTime(), signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toMatchObject({ ...late, code: "ABORTED" });
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    expect(double.requests.count()).toBe(1);
    double.faults.clear();
    await bucket.put("b", "1", inTime());
  });
});

test("a server that asks for a pause gets it, or its refusal is told", async () => {
  const { double, bucket } = await openDouble();
  const pause = (retryAfter: number) => ({ ...slowDown, retryAfter }) as typeof slowDown;
  const fault = double.faults.add({ fault: pause(600) });
  await expect(bucket.readText("a", inTime())).rejects.toMatchObject({ code: "RATE_LIMITED", retryable: true });
  expect(double.requests.count()).toBe(1);
  fault.remove();
  double.faults.add({ fault: pause(0), times: 3 });
  expect(await bucket.readText("a", inTime())).toBeUndefined();
});

test("a server that is gone is looked for until the deadline", async () => {
  const { double, bucket } = await openDouble();
  await double.close();
  const error = await bucket.put("a", "1", { ...within(300), ifEtag: null }).catch((thrown: unknown) => thrown);
  expect(["UNAVAILABLE", "TIMEOUT"]).toContain((error as { code: string }).code);
  expect(String(error)).toMatch(/Could not write "a" in the bucket "files" at http:/);
});

test.each([-1, 1])("a clock that is off by %i hours is corrected", async (hours) => {
  const { bucket } = await openDouble({ clock: () => Date.now() + hours * 3_600_000 });
  await bucket.put("a", "1", inTime());
  expect(await bucket.readText("a", inTime())).toMatchObject({ text: "1" });
});

test("a clock that jumps is corrected for all who are under way", async () => {
  let offset = 0;
  const { bucket } = await openDouble({ clock: () => Date.now() + offset });
  await bucket.put("a", "1", inTime());
  offset = 86_400_000;
  const answers = await Promise.all(times(20, () => bucket.head("a", inTime())));
  expect(answers.every((facts) => facts?.size === 1)).toBe(true);
});

test("what was damaged on its way is sent again", async () => {
  const { double, bucket } = await openDouble();
  double.faults.add({ fault: { kind: "answer", status: 400, code: "XAmzContentSHA256Mismatch" }, times: 1 });
  expect(await bucket.put("a", "1", inTime())).toMatchObject({ outcome: "stored" });
});

test("a page that breaks off is read again", async () => {
  const { double, bucket } = await openDouble();
  await bucket.put("a", "1", inTime());
  double.faults.add({ fault: { kind: "cut-body", afterBytes: 100 }, times: 2 });
  expect((await bucket.list("", { ...inTime(), limit: 10 })).objects).toHaveLength(1);
});

test("errors in answers of 200 are errors", async () => {
  const { double, bucket } = await openDouble();
  await bucket.put("a", "1", inTime());
  double.faults.add({ fault: { kind: "error-in-200", code: "InternalError" }, times: 1, when: only("CopyObject") });
  expect(await bucket.copy("a", "b", inTime())).toMatchObject({ outcome: "stored" });
  expect(double.requests.count("CopyObject")).toBe(2);
  const uploadId = await bucket.beginUpload("c", inTime());
  const part = await bucket.uploadPart("c", uploadId, 1, patternOf(10), inTime());
  double.faults.add({ fault: { kind: "error-in-200", code: "SlowDown" }, times: 1 });
  expect(await bucket.completeUpload("c", uploadId, [part], inTime())).toMatchObject({ outcome: "stored" });
  expect((await bytesOf(await bucket.open("c", inTime()))).equals(patternOf(10))).toBe(true);
});

test("a removal whose answer is lost has happened", async () => {
  const { double, bucket } = await openDouble();
  const etag = etagOf(await bucket.put("a", "1", inTime()));
  double.faults.add({ fault: { kind: "lose-reply" }, times: 1 });
  expect(await bucket.remove("a", { ...inTime(), ifEtag: etag })).toBe(true);
  expect(await bucket.head("a", inTime())).toBeUndefined();
});

test("a completion whose answer is lost is NOT_FOUND, and has happened", async () => {
  const { double, bucket } = await openDouble();
  const uploadId = await bucket.beginUpload("a", inTime());
  const part = await bucket.uploadPart("a", uploadId, 1, patternOf(10), inTime());
  double.faults.add({ fault: { kind: "lose-reply" }, times: 1 });
  const completed = bucket.completeUpload("a", uploadId, [part], inTime());
  await expect(completed).rejects.toMatchObject({ code: "NOT_FOUND", outcome: "unknown" });
  expect(await bucket.head("a", inTime())).toMatchObject({ size: 10 });
});
