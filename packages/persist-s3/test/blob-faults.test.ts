import type { CommitResult } from "@cuitty/persist-core";
import type { ProfileName } from "@cuitty/persist-testkit/s3-double";
import { describe, expect, it } from "vitest";
import { contentAt, leftOvers, now, partSize, put, root, rowAt, spaceOn, stagedPut } from "./blob-spaces.ts";
import { inTime, openDouble, openOn, patternOf } from "./buckets.ts";

const day = 24 * 3_600_000;

describe.each(["aws", "ceph16"] satisfies ProfileName[])("on the double as %s", (profile) => {
  it.each([1000, 2 * partSize + 1])("puts %d bytes whichever answer is lost on the way", async (size) => {
    let ahead = 0;
    const { double, bucket } = await openDouble({ profile, clock: () => Date.now() + ahead });
    const before = patternOf(10);
    const bytes = patternOf(size);
    for (let lost = 0, done = false; !done; lost++) {
      const space = spaceOn(bucket);
      const key = `k${lost}`;
      await put(space, key, before);
      const fault = double.faults.add({ fault: { kind: "lose-reply" }, skip: lost, times: 1 });
      const result: CommitResult = await put(space, key, bytes, { version: `v${lost}` });
      done = fault.hits === 0;
      fault.remove();
      expect(result.outcome).toBe("applied");
      expect((await contentAt(spaceOn(bucket), key))?.equals(bytes)).toBe(true);
      expect((await rowAt(spaceOn(bucket), key))?.version).toBe(`v${lost}`);
    }
    // An upload whose beginning was answered twice is there once too often.
    ahead = 2 * day;
    const sweeper = spaceOn(await openOn(double));
    for (let steps = 0; (await sweeper.sweep(now())).more; steps++) expect(steps).toBeLessThan(100);
    expect((await leftOvers(bucket)).filter((key) => !key.includes("/digests/"))).toEqual([]);
  });

  it.each([1000, 2 * partSize + 1])(
    "has the blob before or the one of %d bytes, wherever its writer is killed, and sweeps what is left",
    async (size) => {
      let ahead = 0;
      const { double } = await openDouble({ profile, clock: () => Date.now() + ahead });
      const before = patternOf(10);
      const bytes = patternOf(size);
      let acknowledged = false;
      for (let done = 0; !acknowledged; done++) {
        const writer = await openOn(double);
        const space = spaceOn(writer);
        await put(space, "k", before);
        const fault = double.faults.add({ fault: { kind: "hang" }, skip: done });
        const killed = new AbortController();
        const o = { ...now(), signal: killed.signal };
        const writing = stagedPut(space, "k", bytes, {}, o).then((op) => space.commitAlone(op, o));
        const watch = setInterval(() => fault.hits > 0 && killed.abort(), 20);
        const result = await writing.catch(() => undefined);
        clearInterval(watch);
        acknowledged = result?.outcome === "applied";
        double.faults.clear();
        const reader = await openOn(double);
        const content = await contentAt(spaceOn(reader), "k");
        expect(content?.equals(bytes) || (!acknowledged && content?.equals(before))).toBe(true);
      }
      ahead = 2 * day;
      const later = await openOn(double);
      // Of others: as old, and none of ours.
      const foreign = await later.beginUpload(`${root}blobs/k`, inTime());
      ahead = 4 * day;
      const sweeper = spaceOn(later);
      for (const time of [Date.now() + ahead, Date.now() + ahead + 2 * day]) {
        for (let steps = 0; (await sweeper.sweep(now(time))).more; steps++) expect(steps).toBeLessThan(100);
      }
      const left = await leftOvers(later);
      expect(left.filter((key) => key.startsWith("upload"))).toHaveLength(1);
      await later.abortUpload(`${root}blobs/k`, foreign, inTime());
      expect(left.filter((key) => key.includes("/staged/"))).toEqual([]);
      expect(left.filter((key) => key.includes("/digests/"))).toHaveLength(size > partSize ? 1 : 0);
      expect((await contentAt(sweeper, "k"))?.equals(bytes)).toBe(true);
    },
  );

  it("sweeps bytes that nobody goes on with, and keeps those of whom somebody does", async () => {
    let ahead = 0;
    const { bucket } = await openDouble({ profile, clock: () => Date.now() + ahead });
    const space = spaceOn(bucket);
    const idle = await space.bytes.extend(undefined, 0, patternOf(partSize), now());
    const active = await space.bytes.extend(undefined, 0, patternOf(partSize), now());
    ahead = 20 * 3_600_000;
    await space.bytes.extend(active.token, partSize, patternOf(10), now());
    ahead = 30 * 3_600_000;
    for (let steps = 0; (await space.sweep(now())).more; steps++) expect(steps).toBeLessThan(100);
    expect(await space.bytes.extended(idle.token, now())).toBeUndefined();
    expect(await space.bytes.extended(active.token, now())).toMatchObject({ size: partSize + 10 });
  });
});
