import { request } from "node:http";
import { ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Bench, type Check, check, outcome, yesNo } from "./check.ts";
import { bytesOf, content, etagOf, get, put, textOf } from "./requests.ts";

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Eight writers count to 5 each by reading, adding one, and writing If-Match. */
async function countTogether(bench: Bench, key: string): Promise<{ final: string; losers: Set<string> }> {
  await put(bench, key, "0");
  const losers = new Set<string>();
  await Promise.all(
    indexes(8).map(async () => {
      for (let done = 0; done < 5; ) {
        const got = await get(bench, key);
        const next = String(Number(await textOf(Promise.resolve(got))) + 1);
        const status = await outcome(put(bench, key, next, { IfMatch: await etagOf(Promise.resolve(got)) }));
        if (status === "200") done += 1;
        else losers.add(status);
      }
    }),
  );
  return { final: await content(bench, key), losers };
}

/** Sends half of a body and goes. */
async function sendHalf({ plain, bucket }: Bench, key: string): Promise<void> {
  const url = await getSignedUrl(plain, new PutObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: 60 });
  const sending = request(url, { method: "PUT", headers: { "content-length": 200_000 } });
  const gone = new Promise((resolve) => sending.once("close", resolve));
  sending.on("error", () => {});
  sending.write(Buffer.alloc(100_000), () => sending.destroy());
  await gone;
}

export const raceChecks: readonly Check[] = [
  check(
    "16 racers with If-None-Match:*, ten rounds: winners, and what losers hear",
    { aws: "1, 412 PreconditionFailed", "no-conditions": "16, " },
    async (bench) => {
      const winners = new Set<number>();
      const losers = new Set<string>();
      for (const round of indexes(10)) {
        const racers = indexes(16).map((racer) =>
          outcome(put(bench, `race/${round}`, `${racer}`, { IfNoneMatch: "*" })),
        );
        const statuses = await Promise.all(racers);
        winners.add(statuses.filter((status) => status === "200").length);
        for (const status of statuses) if (status !== "200") losers.add(status);
      }
      return `${[...winners]}, ${[...losers]}`;
    },
  ),
  check("8 writers count together with If-Match", { aws: "40", "no-conditions": "fewer" }, async (bench) => {
    const { final } = await countTogether(bench, "counter");
    return final === "40" ? final : "fewer";
  }),
  check("some of those who lose a race hear 500", { aws: "no", ceph16: "yes" }, async (bench) => {
    const { losers } = await countTogether(bench, "losers");
    return yesNo([...losers].some((status) => status.startsWith("500")));
  }),
  check("reads while others overwrite: torn ones", "0", async (bench) => {
    const bodies = [65, 66].map((byte) => Buffer.alloc(200_000, byte));
    await put(bench, "torn", bodies[0] as Buffer);
    let torn = 0;
    const reading = indexes(3).map(async () => {
      for (const _ of indexes(15)) {
        const got = await bytesOf(get(bench, "torn"));
        if (!bodies.some((body) => body.equals(got))) torn += 1;
      }
    });
    const writing = indexes(20).map((index) => put(bench, "torn", bodies[index % 2] as Buffer));
    await Promise.all([...reading, ...writing]);
    return String(torn);
  }),
  check("what was written is read and listed at once: misses", "0", async (bench) => {
    let misses = 0;
    const write = async (writer: number) => {
      for (const index of indexes(10)) {
        const key = `fresh/${writer}/${index}`;
        await put(bench, key, key);
        const listed = await bench.s3.send(new ListObjectsV2Command({ Bucket: bench.bucket, Prefix: key }));
        if ((await content(bench, key)) !== key || listed.KeyCount !== 1) misses += 1;
      }
    };
    await Promise.all(indexes(5).map(write));
    return String(misses);
  }),
  check("a PUT whose client goes half-way leaves nothing", "404 NoSuchKey", async (bench) => {
    await sendHalf(bench, "half");
    return await content(bench, "half");
  }),
  check("a PUT whose client goes half-way leaves what was there", "old", async (bench) => {
    await put(bench, "half-over", "old");
    await sendHalf(bench, "half-over");
    return await content(bench, "half-over");
  }),
];
