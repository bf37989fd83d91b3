/** What has to hold on every server, whatever it enforces: within one process. */
import { expect, test } from "vitest";
import type { Bucket } from "../src/bucket.ts";
import { bytesOf, etagOf, inTime, patternOf, times } from "./buckets.ts";

const mebibyte = 1024 * 1024;

/** Names that servers, URLs, headers and XML make something else of. */
export const oddKeys = [
  "plain",
  "a b",
  "a+b",
  "a%20b",
  "a%2fb",
  "//",
  "a//b",
  "/a",
  "a/",
  ".",
  "..",
  "a/./b",
  "a/../b",
  "?",
  "#",
  "&=;",
  "~!'()*",
  '"<>',
  "\\",
  "ü",
  "ü".normalize("NFD"),
  "😀",
  "\u{e000}",
  "\u{ffff}",
  "\u0001",
  "\u007f",
  "\n",
  "é".repeat(100),
  "x".repeat(700),
];

export function essentials(open: () => Promise<Bucket>): void {
  const fresh = () => `essentials/${Math.random().toString(36).slice(2)}`;

  test("one of sixteen who write a new key gets through", async () => {
    const bucket = await open();
    for (const key of times(5, fresh)) {
      const answers = await Promise.all(times(16, (i) => bucket.put(key, `racer ${i}`, { ...inTime(), ifEtag: null })));
      const winners = answers.flatMap(({ outcome }, i) => (outcome === "stored" ? [`racer ${i}`] : []));
      // On some servers who was in the way of another cannot tell it from a loss.
      const doubtful = answers.flatMap((one, i) => (one.outcome === "refused" && one.doubtful ? [`racer ${i}`] : []));
      expect(winners.length).toBeLessThanOrEqual(1);
      expect([...winners, ...doubtful]).toContain((await bucket.readText(key, inTime()))?.text);
    }
  });

  test("counting by conditions loses nothing", async () => {
    const bucket = await open();
    const key = fresh();
    await bucket.put(key, "0 by nobody", { ...inTime(), ifEtag: null });
    const count = async (who: number) => {
      for (let done = 0; done < 5; ) {
        const found = await bucket.readText(key, inTime());
        const text = `${Number.parseInt(found?.text ?? "", 10) + 1} by ${who}, ${done}`;
        const answer = await bucket.put(key, text, { ...inTime(), ifEtag: found?.etag ?? null });
        if (answer.outcome === "stored") done += 1;
        else if (answer.doubtful && (await bucket.readText(key, inTime()))?.text === text) done += 1;
      }
    };
    await Promise.all(times(6, count));
    expect((await bucket.readText(key, inTime()))?.text).toMatch(/^30 by/);
  });

  test("conditions of writing", async () => {
    const bucket = await open();
    const key = fresh();
    const refused = { outcome: "refused", doubtful: false };
    expect(await bucket.put(key, "1", { ...inTime(), ifEtag: "d41d8cd98f00b204e9800998ecf8427e" })).toEqual(refused);
    const first = etagOf(await bucket.put(key, "1", { ...inTime(), ifEtag: null }));
    expect(await bucket.put(key, "2", { ...inTime(), ifEtag: null })).toEqual(refused);
    const second = etagOf(await bucket.put(key, "2", { ...inTime(), ifEtag: first }));
    expect(await bucket.put(key, "3", { ...inTime(), ifEtag: first })).toEqual(refused);
    expect(await bucket.readText(key, inTime())).toMatchObject({ text: "2", etag: second });
    await bucket.put(key, "4", inTime());
    expect((await bucket.readText(key, inTime()))?.text).toBe("4");
  });

  test("conditions of removing", async () => {
    const bucket = await open();
    const key = fresh();
    const etag = etagOf(await bucket.put(key, "1", inTime()));
    expect(await bucket.remove(key, { ...inTime(), ifEtag: "d41d8cd98f00b204e9800998ecf8427e" })).toBe(false);
    expect(await bucket.readText(key, inTime())).toBeDefined();
    expect(await bucket.remove(key, { ...inTime(), ifEtag: etag })).toBe(true);
    expect(await bucket.readText(key, inTime())).toBeUndefined();
    expect(await bucket.remove(key, inTime())).toBe(true);
  });

  test("of one who writes and one who removes, one gets through", async () => {
    const bucket = await open();
    const race = async (key: string): Promise<string> => {
      const ifEtag = etagOf(await bucket.put(key, "1", { ...inTime(), ifEtag: null }));
      const [written, isRemoved] = await Promise.all([
        bucket.put(key, "2", { ...inTime(), ifEtag }),
        bucket.remove(key, { ...inTime(), ifEtag }),
      ]);
      return `${written.outcome}, ${isRemoved}, ${(await bucket.readText(key, inTime()))?.text}`;
    };
    const ends = await Promise.all(times(20, () => race(fresh())));
    const others = ends.filter((end) => end !== "stored, false, 2" && end !== "refused, true, undefined");
    expect(others).toEqual([]);
  });

  test("facts, and what is absent", async () => {
    const bucket = await open();
    const key = fresh();
    expect(await bucket.head(key, inTime())).toBeUndefined();
    expect(await bucket.readText(key, inTime())).toBeUndefined();
    expect(await bucket.open(key, inTime())).toBeUndefined();
    const metadata = { sha256: "abc", "with-dash": 'a  b; c="d" %20 é'.replace("é", "~") };
    const etag = etagOf(
      await bucket.put(key, "häßlich 😀", { ...inTime(), contentType: "text/plain; charset=utf-8", metadata }),
    );
    const facts = { key, etag, size: 14, contentType: "text/plain; charset=utf-8", metadata };
    expect(await bucket.head(key, inTime())).toMatchObject(facts);
    expect(await bucket.readText(key, inTime())).toMatchObject({ ...facts, text: "häßlich 😀" });
    const opened = await bucket.open(key, inTime());
    expect(opened).toMatchObject(facts);
    expect((await bytesOf(opened)).toString()).toBe("häßlich 😀");
    const page = await bucket.list(key, { ...inTime(), limit: 10 });
    expect(page).toMatchObject({ objects: [{ key, etag, size: 14 }], prefixes: [], more: false });
    const lastModified = (await bucket.head(key, inTime()))?.lastModified ?? 0;
    expect(Math.abs(page.time - lastModified)).toBeLessThan(600_000);
  });

  test("bytes from here to there", async () => {
    const bucket = await open();
    const key = fresh();
    const body = patternOf(300_001);
    const etag = etagOf(await bucket.put(key, body, inTime()));
    const read = async (offset: number, length: number) => {
      const opened = await bucket.open(key, { ...inTime(), span: { offset, length } });
      expect(opened).toMatchObject({ key, etag, size: body.length });
      return await bytesOf(opened);
    };
    for (const [offset, length] of [
      [0, 1],
      [0, 300_001],
      [7, 200_000],
      [300_000, 1],
      [300_000, 100],
      [5, 0],
      [300_001, 5],
      [400_000, 1],
    ] as const) {
      expect((await read(offset, length)).equals(body.subarray(offset, offset + length))).toBe(true);
    }
    expect((await bytesOf(await bucket.open(key, { ...inTime(), ifEtag: etag }))).equals(body)).toBe(true);
    expect(await bucket.open(key, { ...inTime(), ifEtag: "d41d8cd98f00b204e9800998ecf8427e" })).toBeUndefined();
    await bucket.put(`${key}/empty`, "", inTime());
    expect(await bytesOf(await bucket.open(`${key}/empty`, inTime()))).toHaveLength(0);
  });

  test("odd keys are written, read, listed and copied as what they are", async () => {
    const bucket = await open();
    const prefix = `${fresh()}/`;
    const keys = oddKeys.map((key) => prefix + key);
    await Promise.all(keys.map((key, i) => bucket.put(key, `${i}`, { ...inTime(), ifEtag: null })));
    const texts = await Promise.all(keys.map((key) => bucket.readText(key, inTime())));
    expect(texts.map((one) => one?.text)).toEqual(keys.map((_, i) => `${i}`));
    const listed: string[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const page = await bucket.list(prefix, { ...inTime(), limit: 7, after });
      listed.push(...page.objects.map(({ key }) => key));
      after = listed.at(-1);
      more = page.more;
    }
    expect(listed).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    const copies = await Promise.all(
      keys.map((key) => bucket.copy(key, key.replace("essentials/", "copies/"), inTime())),
    );
    expect(copies.every(({ outcome }) => outcome === "stored")).toBe(true);
    const copied = await Promise.all(
      keys.map((key) => bucket.readText(key.replace("essentials/", "copies/"), inTime())),
    );
    expect(copied.map((one) => one?.text)).toEqual(keys.map((_, i) => `${i}`));
  });

  test("folders, page by page", async () => {
    const bucket = await open();
    const prefix = `${fresh()}/`;
    const names = ["a", "b/1", "b/2", "b/\u{10ffff}/x", "b0", "c/1", "d"];
    await Promise.all(names.map((name) => bucket.put(prefix + name, name, inTime())));
    const found: string[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const page = await bucket.list(prefix, { ...inTime(), limit: 2, after, delimiter: "/" });
      const names = [...page.objects.map(({ key }) => key), ...page.prefixes].sort();
      found.push(...names);
      after = names.at(-1);
      more = page.more;
    }
    expect(found).toEqual(["a", "b/", "b0", "c/", "d"].map((name) => prefix + name));
  });

  test("copies", async () => {
    const bucket = await open();
    const [from, to] = [fresh(), fresh()];
    const etag = etagOf(await bucket.put(from, "1", { ...inTime(), contentType: "text/css", metadata: { a: "b" } }));
    expect(await bucket.copy(from, to, { ...inTime(), fromEtag: etag })).toMatchObject({ outcome: "stored" });
    expect(await bucket.readText(to, inTime())).toMatchObject({
      text: "1",
      contentType: "text/css",
      metadata: { a: "b" },
    });
    const changed = { contentType: "text/plain", metadata: { c: "d" } };
    const there = etagOf(await bucket.copy(from, to, { ...inTime(), ...changed }));
    expect(await bucket.readText(to, inTime())).toMatchObject({ text: "1", etag: there, ...changed });
    await bucket.put(from, "2", inTime());
    expect((await bucket.copy(from, to, { ...inTime(), fromEtag: etag })).outcome).toBe("refused");
    expect((await bucket.copy(from, to, { ...inTime(), ifEtag: null })).outcome).toBe("refused");
    expect((await bucket.copy(from, to, { ...inTime(), ifEtag: there })).outcome).toBe("stored");
    expect((await bucket.readText(to, inTime()))?.text).toBe("2");
    await expect(bucket.copy(`${from}-absent`, to, inTime())).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await bucket.copy(`${from}-absent`, to, { ...inTime(), fromEtag: etag })).outcome).toBe("refused");
  });

  test("uploads in parts", async () => {
    const bucket = await open();
    const key = fresh();
    const [first, second] = [patternOf(5 * mebibyte), patternOf(1_000)];
    const begin = () => bucket.beginUpload(key, { ...inTime(), contentType: "image/png", metadata: { a: "b" } });
    const uploadId = await begin();
    const moved: number[] = [];
    const onProgress = (bytes: number) => moved.push(bytes);
    const parts = [
      await bucket.uploadPart(key, uploadId, 1, first, { ...inTime(), onProgress }),
      await bucket.uploadPart(key, uploadId, 7, second, { ...inTime(), onProgress }),
    ];
    expect(moved).toEqual([first.length, second.length]);
    const { uploads } = await bucket.listUploads(key, inTime());
    expect(uploads).toMatchObject([{ key, uploadId }]);
    const answer = await bucket.completeUpload(key, uploadId, parts, { ...inTime(), ifEtag: null });
    const facts = {
      etag: etagOf(answer),
      size: first.length + second.length,
      contentType: "image/png",
      metadata: { a: "b" },
    };
    const opened = await bucket.open(key, inTime());
    expect(opened).toMatchObject(facts);
    expect((await bytesOf(opened)).equals(Buffer.concat([first, second]))).toBe(true);
    const ended = { code: "NOT_FOUND" };

    const other = await begin();
    const part = await bucket.uploadPart(key, other, 1, second, inTime());
    expect((await bucket.completeUpload(key, other, [part], { ...inTime(), ifEtag: null })).outcome).toBe("refused");
    await bucket.abortUpload(key, other, inTime());
    await bucket.abortUpload(key, other, inTime());
    await expect(bucket.uploadPart(key, other, 1, second, inTime())).rejects.toMatchObject(ended);
    await expect(bucket.completeUpload(key, other, [part], inTime())).rejects.toMatchObject(ended);
    expect(await bucket.listUploads(key, inTime())).toMatchObject({ uploads: [], more: false });
  });

  test("URLs for anybody", async () => {
    const bucket = await open();
    const key = `${fresh()}/ü +%&?😀`;
    const put = await bucket.sign(key, { method: "PUT", seconds: 60, contentType: "text/css" });
    const stored = await fetch(put.url, { method: "PUT", headers: put.headers, body: "a {}" });
    expect([stored.status, await stored.text()]).toEqual([200, ""]);
    expect(await bucket.head(key, inTime())).toMatchObject({ size: 4, contentType: "text/css" });
    const other = await fetch(put.url, { method: "PUT", headers: { "content-type": "text/html" }, body: "<p>" });
    expect([other.status, (await other.text()).includes("SignatureDoesNotMatch")]).toEqual([403, true]);
    const got = await fetch((await bucket.sign(key, { method: "GET", seconds: 60 })).url);
    expect([got.status, await got.text()]).toEqual([200, "a {}"]);
  });
}
