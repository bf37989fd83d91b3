import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createStore } from "@cuitty/persist";
import "@cuitty/persist-s3";
import { type Bucket, createBucket, findCeph, findChromium, mayBeMissing, startCeph } from "@cuitty/persist-servers";
import { startS3Double } from "@cuitty/persist-testkit/s3-double";
import { chromium } from "playwright";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Picture } from "../../examples/picture-drop/src/drop.ts";
import { tidy } from "../../examples/picture-drop/src/tidy.ts";

const program = join(import.meta.dirname, "..", "..", "examples", "picture-drop", "src", "main.ts");
const patient = { timeout: 60_000, interval: 50 };

/** A PNG of one red pixel. */
const red = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==",
  "base64",
);

/** The program, on this bucket. Answers its URL. */
async function start({ endpoint, region, credentials, bucket }: Bucket): Promise<string> {
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", program], {
    env: {
      ...process.env,
      PORT: "0",
      S3_BUCKET: bucket,
      S3_ENDPOINT: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await vi.waitFor(() => expect(said).toContain("http:"), patient);
  return /http:\S+/.exec(said)?.[0] ?? "";
}

async function openPage(url: string) {
  const browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox"] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const asked: { method: string; url: string }[] = [];
  page.on("request", (request) => asked.push({ method: request.method(), url: request.url() }));
  await page.goto(url);
  return { page, asked };
}

const double = async () => {
  const server = await startS3Double();
  onTestFinished(() => server.close());
  return createBucket(server);
};
const ceph = async () => {
  const server = await startCeph();
  onTestFinished(() => server.stop());
  return createBucket(server);
};

const noBrowser = mayBeMissing(() => findChromium());
const noCeph = mayBeMissing(() => findCeph());

describe.each([
  { name: "the double", make: double, skips: noBrowser },
  { name: "Ceph", make: ceph, skips: noBrowser || noCeph },
])("pictures dropped to a page, on $name", { timeout: 240_000 }, ({ make, skips }) => {
  test.skipIf(skips)(
    `go straight to the bucket and come straight from it${skips && ` (skipped: ${skips})`}`,
    async () => {
      const bucket = await make();
      const url = await start(bucket);
      const { page, asked } = await openPage(url);
      const pictures = page.locator("#pictures img");
      const drop = (name: string, mimeType: string, buffer: Buffer) =>
        page.locator("#files").setInputFiles({ name, mimeType, buffer });

      // Before the bucket lets pages in, the browser does not send anything there.
      await drop("red.png", "image/png", red);
      await vi.waitFor(
        async () => expect(await page.locator("#trouble").textContent()).toContain("Failed to fetch"),
        patient,
      );

      await bucket.allowPages(new URL(url).origin);
      await drop("red.png", "image/png", red);
      await vi.waitFor(async () => expect(await pictures.count()).toBe(1), patient);
      const width = () => pictures.first().evaluate((image) => (image as HTMLImageElement).naturalWidth);
      await vi.waitFor(async () => expect(await width()).toBe(1), patient);
      const shown = new URL((await pictures.first().getAttribute("src")) ?? "");
      expect([shown.origin, (await pictures.first().getAttribute("alt")) ?? ""]).toEqual([
        new URL(bucket.endpoint).origin,
        "red.png",
      ]);
      const sent = asked.filter(({ method }) => method === "PUT").map(({ url: to }) => new URL(to).origin);
      expect(new Set(sent)).toEqual(new Set([new URL(bucket.endpoint).origin]));

      // What the page has stored is there for every program with the bucket.
      const { endpoint, region, credentials } = bucket;
      const place = {
        name: "picture-drop",
        adapter: "s3",
        endpoint,
        region,
        credentials,
        bucket: bucket.bucket,
      } as const;
      await using store = await createStore(place);
      const [record] = await store.records.collection<Picture>("pictures").list().toArray();
      expect(record?.value).toEqual({ name: "red.png", contentType: "image/png", size: red.length });
      const blob = await store.blobs.get(`pictures/${record?.key}`);
      expect([blob?.contentType, Buffer.from((await blob?.bytes()) ?? [])]).toEqual(["image/png", red]);

      // What is no picture, or is too large, is refused and not kept.
      await drop("notes.txt", "text/plain", Buffer.from("notes"));
      await vi.waitFor(
        async () => expect(await page.locator("#trouble").textContent()).toContain("image/png"),
        patient,
      );
      await drop("large.png", "image/png", Buffer.concat([red, Buffer.alloc(10_000_000)]));
      await vi.waitFor(async () => expect(await page.locator("#trouble").textContent()).toContain("10 MB"), patient);
      expect((await store.blobs.list().toArray()).map(({ key }) => key)).toEqual([`pictures/${record?.key}`]);

      // What nobody has announced as done goes a day later, and nothing else.
      const pictureRecords = store.records.collection<Picture>("pictures");
      await store.blobs.put("pictures/forgotten", red, { contentType: "image/png" });
      const day = 24 * 60 * 60 * 1000;
      expect(await tidy({ store, pictures: pictureRecords })).toBe(0);
      expect(await tidy({ store, pictures: pictureRecords }, Date.now() + 2 * day)).toBe(1);

      await page.getByRole("button", { name: "Remove" }).click();
      await vi.waitFor(async () => expect(await pictures.count()).toBe(0), patient);
      expect([await store.records.count(), (await store.blobs.list().toArray()).length]).toEqual([0, 0]);
    },
  );
});
