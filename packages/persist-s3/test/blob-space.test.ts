import { createHash } from "node:crypto";
import { PersistError } from "@cuitty/persist-core";
import type { ProfileName } from "@cuitty/persist-testkit/s3-double";
import { describe, expect, it } from "vitest";
import {
  contentAt,
  factsOf,
  inChunks,
  leftOvers,
  now,
  partSize,
  put,
  putOf,
  removal,
  root,
  rowAt,
  spaceOn,
  stagedPut,
} from "./blob-spaces.ts";
import { inTime, openDouble, patternOf } from "./buckets.ts";

const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const text = (content: string) => new TextEncoder().encode(content);
const range = { by: "key", reverse: false, limit: 100, keysOnly: false } as const;

describe.each(["aws", "ceph16"] satisfies ProfileName[])("on the double as %s", (profile) => {
  const open = async () => {
    const opened = await openDouble({ profile });
    return { ...opened, space: spaceOn(opened.bucket) };
  };

  it.each([0, 1, partSize - 1, partSize, partSize + 1, 2 * partSize, 3 * partSize + 7])(
    "keeps a blob of %d bytes, and nothing beside it but a sidecar where it was sent in parts",
    async (size) => {
      const { bucket, space } = await open();
      const bytes = patternOf(size);
      const metadata = { plain: "as it is", Ünï: "not\nplain" };
      expect(await put(space, "folder/k", bytes, { metadata, version: "v" })).toMatchObject({ outcome: "applied" });
      const row = await rowAt(space, "folder/k");
      expect(row?.version).toBe("v");
      expect(row && factsOf(row)).toMatchObject({
        size,
        digest: `sha-256:${sha256Of(bytes)}`,
        metadata,
        contentType: "a/b",
      });
      expect((await contentAt(spaceOn(bucket), "folder/k"))?.equals(bytes)).toBe(true);
      const object = await bucket.head(`${root}blobs/folder/k`, inTime());
      expect(object?.metadata.plain).toBe("as it is");
      expect(await leftOvers(bucket)).toHaveLength(size > partSize ? 1 : 0);
      await space.commitAlone(removal("folder/k"), now());
      expect(await leftOvers(bucket)).toEqual([]);
    },
  );

  it("asks for as little as there is to ask", async () => {
    const { double, space } = await open();
    await put(space, "k", patternOf(1000));
    expect(double.requests.counts()).toEqual({ PutObject: 1 });
    await put(space, "k", patternOf(2000));
    expect(double.requests.counts()).toEqual({ PutObject: 2 });
    double.requests.reset();
    await contentAt(space, "k");
    expect(double.requests.counts()).toEqual({ GetObject: 1 });
    double.requests.reset();
    await space.scan({ ...range, sizesOnly: true }, now());
    expect(double.requests.counts()).toEqual({ ListObjectsV2: 1 });
  });

  it("takes what others have put for a blob of which nobody knows the digest", async () => {
    const { bucket, space } = await open();
    await bucket.put(`${root}blobs/k`, "foreign", { ...inTime(), contentType: "x/y", metadata: { note: "theirs" } });
    const row = await rowAt(space, "k");
    expect(row && factsOf(row)).toMatchObject({
      size: 7,
      digest: "sha-256:",
      contentType: "x/y",
      metadata: { note: "theirs" },
    });
    expect(await put(space, "k", text("mine"), { ifVersion: "other" })).toEqual({ outcome: "conflict", op: 0 });
    expect(await put(space, "k", text("mine"), { ifVersion: row?.version ?? "" })).toMatchObject({
      outcome: "applied",
    });
    expect(String(await contentAt(space, "k"))).toBe("mine");
  });

  it("puts over what others have put meanwhile, and not where there is a condition", async () => {
    const { bucket, space } = await open();
    await put(space, "k", text("first"));
    const before = await rowAt(space, "k");
    await bucket.put(`${root}blobs/k`, "foreign", inTime());
    expect(await put(space, "k", text("second"), { ifVersion: before?.version ?? "" })).toMatchObject({
      outcome: "conflict",
    });
    expect(await put(space, "k", text("third"))).toMatchObject({ outcome: "applied" });
    expect(String(await contentAt(space, "k"))).toBe("third");
  });

  it("finds blobs with names for which there is no room, in the order of their keys", async () => {
    const { space } = await open();
    const long = "\u0001".repeat(500);
    const keys = [`${long}b`, `${long}a`, "z", "a", `${long}`];
    for (const key of keys) await put(space, key, text(key));
    const expected = [...keys].sort();
    for (const sizesOnly of [true, false]) {
      const page = await space.scan({ ...range, sizesOnly }, now());
      expect(page.rows.map(({ key }) => key)).toEqual(expected);
    }
    for (const key of keys) expect(String(await contentAt(space, key))).toBe(key);
    const { rows } = await space.scan({ ...range, limit: 2, lower: { key: `${long}`, inclusive: false } }, now());
    expect(rows.map(({ key }) => key)).toEqual([`${long}a`, `${long}b`]);
  });

  it("leaves nothing of what is given up while it is sent", async () => {
    const { bucket, space } = await open();
    const giving = new AbortController();
    async function* body() {
      for (let i = 0; ; i++) {
        if (i === 60) giving.abort();
        yield patternOf(300_000);
      }
    }
    const target = { key: "k", contentType: "a/b", metadata: {}, conditional: false };
    for (const towards of [target, undefined]) {
      const staging = space.bytes.stage(body(), { ...now(), signal: giving.signal }, towards);
      await expect(staging).rejects.toMatchObject({ code: "ABORTED" });
    }
    const staged = await stagedPut(space, "k", patternOf(2 * partSize));
    await space.bytes.discard(staged.content as string);
    expect(await leftOvers(bucket)).toEqual([]);
  });

  it("refuses what has too many parts before anything is sent", async () => {
    const { double, space } = await open();
    const target = { key: "k", size: 10_000 * partSize + 1, contentType: "a/b", metadata: {}, conditional: false };
    await expect(space.bytes.stage(inChunks(patternOf(10)), now(), target)).rejects.toMatchObject({
      code: "TOO_LARGE",
    });
    const { token } = await space.bytes.extend(undefined, 0, new Uint8Array(0), now());
    const beyond = async () => space.bytes.extend(token, 10_000 * partSize, patternOf(1), now());
    await expect(beyond()).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(double.requests.counts()).toEqual({ PutObject: 1 });
  });

  it("goes on with bytes that another process has begun, and puts them together on the server", async () => {
    const { bucket, double, space } = await open();
    const bytes = patternOf(2 * partSize + 100);
    const first = await space.bytes.extend(undefined, 0, bytes.subarray(0, partSize), now());
    const other = spaceOn(bucket);
    const second = await other.bytes.extend(first.token, partSize, bytes.subarray(partSize, 2 * partSize), now());
    const third = await space.bytes.extend(second.token, 2 * partSize, bytes.subarray(2 * partSize), now());
    double.requests.reset();
    const op = putOf("k", third.token, { size: bytes.length, sha256: sha256Of(bytes) });
    expect(await other.commitAlone(op, now())).toMatchObject({ outcome: "applied" });
    expect(double.requests.count("UploadPartCopy")).toBe(3);
    expect(double.requests.count("UploadPart")).toBe(0);
    expect((await contentAt(space, "k"))?.equals(bytes)).toBe(true);
    expect(await leftOvers(bucket)).toHaveLength(1); // the sidecar
    expect(await space.bytes.extended(third.token, now())).toBeUndefined();
  });

  it("lets one through of two who extend the same bytes differently, and equal ones both", async () => {
    const { bucket, space } = await open();
    const { token } = await space.bytes.extend(undefined, 0, new Uint8Array(0), now());
    const other = spaceOn(bucket);
    const [a, b] = [patternOf(partSize), patternOf(partSize).reverse()];
    const results = await Promise.allSettled([
      space.bytes.extend(token, 0, a, now()),
      other.bytes.extend(token, 0, b, now()),
      other.bytes.extend(token, 0, a, now()),
    ]);
    const state = await space.bytes.extended(token, now());
    const op = putOf("k", state?.token ?? "", { size: partSize });
    await space.commitAlone(op, now());
    const stored = await contentAt(space, "k");
    const isA = stored?.equals(a) ?? false;
    expect(stored?.equals(isA ? a : b)).toBe(true);
    expect(results.map(({ status }) => status === "fulfilled")).toEqual(
      isA ? [true, false, true] : [false, true, false],
    );
    for (const result of results) {
      if (result.status === "rejected") expect(PersistError.is(result.reason, "CONFLICT")).toBe(true);
    }
  });

  it("copies and moves on the server, whoever applies it and however often", async () => {
    const { bucket, space } = await open();
    const bytes = patternOf(partSize + 1);
    await put(space, "a", bytes);
    const source = await rowAt(space, "a");
    const op = { ...putOf("b", source?.content as string, { size: bytes.length }), value: source?.value ?? "" };
    const written = await space.prepare(op, now());
    const removed = await space.prepare(removal("a", source?.version ?? ""), now());
    if (written.outcome !== "prepared" || removed.outcome !== "prepared") throw new Error("refused");
    const writes = JSON.parse(JSON.stringify([written.write, removed.write])) as (typeof written.write)[];
    for (const one of [space, spaceOn(bucket), spaceOn(bucket)])
      for (const write of writes) await one.apply(write, inTime());
    expect(await rowAt(space, "a")).toBeUndefined();
    expect((await contentAt(space, "b"))?.equals(bytes)).toBe(true);
    await put(space, "b", text("newer"));
    for (const write of writes) await spaceOn(bucket).apply(write, inTime());
    expect(String(await contentAt(space, "b"))).toBe("newer");
  });

  it.each([1000, partSize + 1])("prepares a put of %d bytes that any process can put in its place", async (size) => {
    const { bucket, space } = await open();
    const bytes = patternOf(size);
    const prepared = await space.prepare(await stagedPut(space, "k", bytes), now());
    if (prepared.outcome !== "prepared") throw new Error("refused");
    expect(await rowAt(space, "k")).toBeUndefined();
    const write = JSON.parse(JSON.stringify(prepared.write)) as typeof prepared.write;
    const others = [spaceOn(bucket), spaceOn(bucket)];
    await Promise.all(others.map((other) => other.apply(write, inTime())));
    await space.apply(write, inTime());
    expect((await contentAt(space, "k"))?.equals(bytes)).toBe(true);
    expect(await leftOvers(bucket)).toHaveLength(size > partSize ? 1 : 0);
    const other = await space.prepare(await stagedPut(space, "l", bytes), now());
    if (other.outcome !== "prepared") throw new Error("refused");
    await space.giveUp(other.write);
    expect((await leftOvers(bucket)).filter((key) => key.includes("staged") && !key.endsWith(".upload"))).toEqual([]);
  });

  it("knows what was replaced while it is read from what is there", async () => {
    const { space } = await open();
    await put(space, "k", patternOf(1000));
    const row = await rowAt(space, "k");
    if (row === undefined) throw new Error("nothing");
    await put(space, "k", patternOf(1001));
    const read = async () => {
      for await (const _ of space.bytes.open(row, { offset: 0, length: 1000 }, now()));
    };
    await expect(read()).rejects.toMatchObject({ code: "CONFLICT" });
  });
});
