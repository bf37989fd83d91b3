import type { ProfileName } from "@cuitty/persist-testkit/s3-double";
import { expect, test } from "vitest";
import { bytesOf, etagOf, inTime, openDouble, patternOf, within } from "./buckets.ts";

const mebibyte = 1024 * 1024;
const copies = { whole: 11 * mebibyte, part: 5 * mebibyte };
const large = patternOf(12 * mebibyte);
const headers = { contentType: "text/css", metadata: { a: "b" } };

test.each(["aws", "ceph16", "no-conditions"] satisfies ProfileName[])(
  "a large one is copied in parts on %s",
  async (profile) => {
    const { double, bucket } = await openDouble({ profile }, {}, { copies });
    const etag = etagOf(await bucket.put("from", large, { ...inTime(), ...headers }));
    const answer = await bucket.copy("from", "to", { ...inTime(), fromEtag: etag, ifEtag: null });
    expect(double.requests.counts()).toMatchObject({ UploadPartCopy: 3, CompleteMultipartUpload: 1 });
    const opened = await bucket.open("to", inTime());
    expect(opened).toMatchObject({ ...headers, etag: etagOf(answer), size: large.length });
    expect((await bytesOf(opened)).equals(large)).toBe(true);
    const other = { contentType: "text/plain", metadata: { c: "d" } };
    await bucket.copy("from", "to", { ...inTime(), ...other });
    expect(await bucket.head("to", inTime())).toMatchObject({ ...other, size: large.length });
    expect((await bucket.copy("from", "to", { ...inTime(), ifEtag: null })).outcome).toBe("refused");
    expect(
      (await bucket.copy("from", "to", { ...inTime(), fromEtag: "d41d8cd98f00b204e9800998ecf8427e" })).outcome,
    ).toBe("refused");
    expect((await bucket.listUploads("", inTime())).uploads).toEqual([]);
  },
);

test.each(["aws", "ceph16"] satisfies ProfileName[])(
  "one that changes on the way is not mixed on %s",
  async (profile) => {
    const { double, bucket } = await openDouble({ profile }, {}, { copies });
    const etag = etagOf(await bucket.put("from", large, inTime()));
    let isChanged = false;
    double.requests.listen(async ({ operation }) => {
      if (operation !== "UploadPartCopy" || isChanged) return;
      isChanged = true;
      await bucket.put("from", "other", inTime());
    });
    const answer = bucket.copy("from", "to", { ...inTime(), fromEtag: etag });
    // What begins behind the end of the other is an error of its own.
    const outcome = await answer.then(
      ({ outcome }) => outcome,
      () => "refused",
    );
    expect(outcome).toBe("refused");
    expect(await bucket.head("to", inTime())).toBeUndefined();
    expect((await bucket.listUploads("", inTime())).uploads).toEqual([]);
  },
);

test("one that fails leaves no upload behind", async () => {
  const { double, bucket } = await openDouble({}, {}, { copies });
  await bucket.put("from", large, inTime());
  const fault = { kind: "answer", status: 403, code: "AccessDenied" } as const;
  double.faults.add({ fault, when: ({ operation }) => operation === "UploadPartCopy" });
  await expect(bucket.copy("from", "to", inTime())).rejects.toMatchObject({ code: "DENIED" });
  double.faults.clear();
  double.faults.add({ fault: { kind: "hang" }, when: ({ operation }) => operation === "UploadPartCopy" });
  await expect(bucket.copy("from", "to", within(300))).rejects.toMatchObject({ code: "TIMEOUT" });
  double.faults.clear();
  expect((await bucket.listUploads("", inTime())).uploads).toEqual([]);
  expect(await bucket.head("to", inTime())).toBeUndefined();
});

test("where the server does not heed the source, a change of it is told", async () => {
  const { double, bucket } = await openDouble({ profile: "ceph16" });
  const etag = etagOf(await bucket.put("from", "1", inTime()));
  let isChanged = false;
  double.requests.listen(async ({ operation }) => {
    if (operation !== "CopyObject" || isChanged) return;
    isChanged = true;
    await bucket.put("from", "2", inTime());
  });
  const copying = bucket.copy("from", "to", { ...inTime(), fromEtag: etag });
  await expect(copying).rejects.toMatchObject({ code: "CONFLICT", outcome: "unknown" });
});
