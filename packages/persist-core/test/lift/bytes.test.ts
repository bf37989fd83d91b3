import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/contract.ts";
import { chunkSize } from "../../src/lift/contents.ts";
import { bareAdapter, type Stored } from "./adapters.ts";
import { fated } from "./faults.ts";
import { at, openLift, put } from "./open.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

async function* pieces(bytes: Uint8Array, size: number) {
  const piece = new Uint8Array(size); // reused, as many sources do
  for (let i = 0; i < bytes.length; i += size) {
    const part = bytes.subarray(i, i + size);
    piece.set(part);
    yield piece.subarray(0, part.length);
  }
}

function someBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

async function putBlob(engine: Engine, key: string, bytes: Uint8Array, now: number): Promise<string> {
  const { token } = await engine.bytes.stage(pieces(bytes, 100_000), at(now));
  const [result] = await engine.commit([[{ ...put("blobs", key, "{}"), content: token }]], at(now));
  expect(result).toMatchObject({ outcome: "applied" });
  return token;
}

async function readAll(
  engine: Engine,
  content: string,
  offset = 0,
  length = Number.MAX_SAFE_INTEGER,
): Promise<Uint8Array> {
  const row = { key: "b", value: "", version: "", createdAt: 0, updatedAt: 0, content };
  const chunks: Uint8Array[] = [];
  for await (const chunk of engine.bytes.open(row, { offset, length }, at(0))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function chunksIn(stored: Stored): number {
  return [...stored.keys()].filter((key) => key.includes("/bytes/")).length;
}

function recordsIn(stored: Stored): number {
  return [...stored.keys()].filter((key) => key.includes("/contents/")).length;
}

test.each([0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3 * chunkSize + 7])(
  "%i bytes come back, whole and in part",
  async (length) => {
    const stored: Stored = new Map();
    const engine = await openLift(bareAdapter(stored));
    const bytes = someBytes(length);
    const { token, size, sha256 } = await engine.bytes.stage(pieces(bytes, 100_001), at(1));
    expect(size).toBe(length);
    expect(sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(chunksIn(stored)).toBe(Math.ceil(length / chunkSize));
    expect(Buffer.compare(await readAll(engine, token), bytes)).toBe(0);
    for (const [offset, count] of [
      [0, 1],
      [length - 1, 1],
      [chunkSize - 1, 2],
      [chunkSize, chunkSize],
      [5, chunkSize * 2],
      [length, 1],
    ] as const) {
      if (offset < 0) continue;
      expect(Buffer.compare(await readAll(engine, token, offset, count), bytes.subarray(offset, offset + count))).toBe(
        0,
      );
    }
  },
);

test("bytes that the backend has lost are CORRUPT, and those that a row has let go of a CONFLICT", async () => {
  const stored: Stored = new Map();
  const engine = await openLift(bareAdapter(stored));
  const losing = (content: string, chunk: number) => {
    const places = [...stored.keys()].filter((key) => key.includes(`/bytes/${content.replace(/-.*/, "")}/`)).sort();
    expect(stored.delete(places[chunk] as string)).toBe(true);
  };
  const bytes = someBytes(2 * chunkSize);
  const content = await putBlob(engine, "b", bytes, 1);
  losing(content, 1);
  const lost = readAll(engine, content);
  await expect(lost).rejects.toMatchObject({ code: "CORRUPT", key: "b" });
  await expect(lost).rejects.toThrow(/missing.*backup/);

  const { token } = await engine.bytes.stage(pieces(bytes, 100_000), at(1));
  losing(token, 0);
  await expect(readAll(engine, token)).rejects.toMatchObject({ code: "CORRUPT" });

  const before = await putBlob(engine, "b", bytes, 1);
  await putBlob(engine, "b", bytes, 1);
  await engine.bytes.discard(before);
  await expect(readAll(engine, before)).rejects.toMatchObject({ code: "CONFLICT", key: "b" });
});

test("a blob's bytes are read chunk by chunk, and only those that are wanted", async () => {
  const stored: Stored = new Map();
  const gets: string[] = [];
  const engine = await openLift(
    fated(bareAdapter(stored), ({ method, key }) => {
      if (method === "get") gets.push(key);
      return "works";
    }),
  );
  const token = await putBlob(engine, "b", someBytes(4 * chunkSize), 1);
  gets.length = 0;
  const row = { key: "b", value: "", version: "", createdAt: 0, updatedAt: 0, content: token };
  for await (const _ of engine.bytes.open(row, { offset: chunkSize + 1, length: 2 * chunkSize }, at(1))) break;
  expect(gets.map((key) => key.slice(-1))).toEqual(["1"]);
});

describe("bytes that no row names", () => {
  test("are removed when their body fails", async () => {
    const stored: Stored = new Map();
    const engine = await openLift(bareAdapter(stored));
    const broken = new Error("connection reset");
    const body = async function* () {
      yield someBytes(2 * chunkSize);
      throw broken;
    };
    await expect(engine.bytes.stage(body(), at(1))).rejects.toBe(broken);
    expect([chunksIn(stored), recordsIn(stored)]).toEqual([0, 0]);
  });

  test("are removed when they are discarded", async () => {
    const stored: Stored = new Map();
    const engine = await openLift(bareAdapter(stored));
    const { token } = await engine.bytes.stage(pieces(someBytes(2 * chunkSize), 1000), at(1));
    await engine.bytes.discard(token);
    expect([chunksIn(stored), recordsIn(stored)]).toEqual([0, 0]);
    const [result] = await engine.commit([[{ ...put("blobs", "b", "{}"), content: token }]], at(1));
    expect(result).toMatchObject({ outcome: "conflict" });
  });

  test("stay readable for ten minutes after they were replaced or deleted, and go then", async () => {
    const stored: Stored = new Map();
    const engine = await openLift(bareAdapter(stored));
    const first = await putBlob(engine, "b", someBytes(chunkSize + 1), 0);
    const second = await putBlob(engine, "b", someBytes(10), minute);
    await engine.commit([[{ op: "delete", space: "blobs", key: "b", version: "d" }]], at(2 * minute));
    await engine.commit([[put("kv", "a", "1")]], at(11 * minute - 1));
    expect((await readAll(engine, first)).length).toBe(chunkSize + 1);
    await engine.commit([[put("kv", "a", "1")]], at(11 * minute));
    await expect.poll(() => [chunksIn(stored), recordsIn(stored)]).toEqual([1, 1]);
    await expect(readAll(engine, first)).rejects.toMatchObject({ code: "CONFLICT" });
    expect((await readAll(engine, second)).length).toBe(10);
    await engine.commit([[put("kv", "a", "1")]], at(12 * minute));
    await expect.poll(() => [chunksIn(stored), recordsIn(stored)]).toEqual([0, 0]);
  });

  test("go a day after a crash, found without looking at anything else", async () => {
    const stored: Stored = new Map();
    const dying = await openLift(
      fated(bareAdapter(stored), ({ key }) => (key.endsWith("3") && key.includes("/bytes/") ? "hangs" : "works")),
    );
    void dying.bytes.stage(pieces(someBytes(4 * chunkSize), 1000), at(1));
    await expect.poll(() => chunksIn(stored)).toBe(3);

    const lists: string[] = [];
    const engine = await openLift(
      fated(bareAdapter(stored), ({ method, key }) => {
        if (method === "list") lists.push(key);
        return "works";
      }),
    );
    await engine.commit([[put("kv", "a", "1")]], at(day));
    await engine.commit([[put("kv", "a", "1")]], at(day));
    expect(chunksIn(stored)).toBe(3);
    await engine.commit([[put("kv", "a", "1")]], at(day + 1));
    await expect.poll(() => [chunksIn(stored), recordsIn(stored)]).toEqual([0, 0]);
    expect(lists).toEqual(["_test/-/contents/"]);
  });

  test("are kept while they are still coming, however long that takes", async () => {
    const stored: Stored = new Map();
    const engine = await openLift(bareAdapter(stored));
    const slow = Promise.withResolvers<void>();
    const body = async function* () {
      yield someBytes(chunkSize);
      await slow.promise;
    };
    const staging = engine.bytes.stage(body(), at(0));
    const abandoned = await engine.bytes.stage(pieces(someBytes(1), 1), at(0));
    await engine.commit([[put("kv", "a", "1")]], at(day));
    await expect.poll(() => stored.has(`_test/-/contents/${abandoned.token.split("-")[0]}`)).toBe(false);
    slow.resolve();
    const { token } = await staging;
    await engine.commit([[{ ...put("blobs", "b", "{}"), content: token }]], at(day));
    expect((await readAll(engine, token)).length).toBe(chunkSize);
  });

  test("are given to no row once they are going", async () => {
    const stored: Stored = new Map();
    let isGoing = false;
    const engine = await openLift(
      fated(bareAdapter(stored), ({ method, key }) => {
        if (method !== "delete" || !key.includes("/bytes/")) return "works";
        isGoing = true;
        return "hangs";
      }),
    );
    const { token } = await engine.bytes.stage(pieces(someBytes(10), 10), at(0));
    await engine.commit([[put("kv", "a", "1")]], at(day));
    await expect.poll(() => isGoing).toBe(true);
    const [result] = await engine.commit([[{ ...put("blobs", "b", "{}"), content: token }]], at(day));
    expect(result).toMatchObject({ outcome: "conflict", op: 0 });
  });

  test("are kept where a commit of unknown outcome gave them to a row", async () => {
    const stored: Stored = new Map();
    let isDown = false;
    let hidesRedo = 0;
    const engine = await openLift(
      fated(bareAdapter(stored), ({ method, key }) => {
        if (!isDown || !key.endsWith("/redo")) return "works";
        if (method === "put") return "fails though it happened";
        return method === "get" && hidesRedo++ === 0 ? "fails" : "works";
      }),
    );
    const { token } = await engine.bytes.stage(pieces(someBytes(10), 10), at(0));
    isDown = true;
    expect(await engine.commit([[{ ...put("blobs", "b", "{}"), content: token }]], at(0))).toMatchObject([
      { outcome: "unknown" },
    ]);
    isDown = false;
    await engine.commit([[put("kv", "a", "1")]], at(2 * day));
    await engine.close();
    expect((await readAll(await openLift(bareAdapter(stored)), token)).length).toBe(10);
  });
});
