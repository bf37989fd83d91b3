import { type CephServer, findCeph, givenS3, mayBeMissing, startCeph } from "@cuitty/persist-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bucketName, makeBucket, openOn } from "./buckets.ts";
import { essentials } from "./essentials.ts";

const missing = mayBeMissing(() => findCeph());

describe.skipIf(missing)(`on Ceph${missing && ` (skipped: ${missing})`}`, () => {
  let ceph: CephServer;
  beforeAll(async () => {
    ceph = await startCeph();
    await makeBucket(ceph, bucketName);
  }, 300_000);
  afterAll(() => ceph?.stop());

  essentials(() => openOn(ceph));

  test("the probe finds what it enforces", async () => {
    const { enforced } = await openOn(ceph, { prefix: "probe" });
    expect(enforced).toEqual({ puts: true, deletes: false, copies: false, completions: false });
  });
});

const given = givenS3();

if (given !== undefined) {
  describe("on the given server", () => {
    const name = `persist-${Date.now()}`;
    beforeAll(() => makeBucket(given, name));
    essentials(() => openOn(given, { bucket: name }));
  });
}
