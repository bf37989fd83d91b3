import { type Engine, PersistError, type Row } from "@cuitty/persist-core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { sqlite } from "../src/adapter.ts";
import { at, drivers, makeFolder, openEngine, put, scope } from "./engines.ts";

const chunk = 256 * 1024;
const day = 24 * 60 * 60 * 1000;

/** Bytes that are different at every place. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff);
}

async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function store(engine: Engine, key: string, bytes: Uint8Array, size = 100_000): Promise<Row> {
  const { token } = await engine.bytes.stage(pieces(bytes, size), at(1000));
  await engine.commit([[put("blobs", key, "{}", { content: token })]], at(1000));
  const [row] = await engine.read("blobs", [key], at(1000));
  return row as Row;
}

async function load(engine: Engine, row: Row, offset = 0, length = Number.MAX_SAFE_INTEGER) {
  const parts: Uint8Array[] = [];
  for await (const part of engine.bytes.open(row, { offset, length }, at(1000))) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

describe.each(drivers)("with $name", (driver) => {
  test.each([0, 1, chunk - 1, chunk, chunk + 1, 4 * chunk, 9 * chunk + 5])(
    "%i bytes come back as they were",
    async (n) => {
      const engine = await openEngine({ driver });
      const bytes = bytesOf(n);
      for (const size of [7_777, chunk, 3 * chunk, n + 1]) {
        const staged = await engine.bytes.stage(pieces(bytes, size), at(1000));
        expect(staged.size).toBe(n);
        expect(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)).toEqual(
          Uint8Array.from(Buffer.from(staged.sha256, "hex")).buffer,
        );
        const row = { ...(await store(engine, "a", bytes, size)) };
        expect(Buffer.compare(await load(engine, row), bytes)).toBe(0);
      }
    },
  );

  test("a long content lets the event loop turn, both ways", async () => {
    const engine = await openEngine({ driver });
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const row = await store(engine, "a", bytesOf(40 * chunk));
    const whileWriting = turns;
    await load(engine, row);
    clearInterval(timer);
    expect(whileWriting).toBeGreaterThan(1);
    expect(turns - whileWriting).toBeGreaterThan(1);
  });

  test("ranges", async () => {
    const engine = await openEngine({ driver });
    const bytes = bytesOf(2 * chunk + 100);
    const row = await store(engine, "a", bytes);
    for (const [offset, length] of [
      [0, 1],
      [chunk - 1, 2],
      [chunk, chunk],
      [5, 2 * chunk],
      [2 * chunk + 99, 50],
      [2 * chunk + 100, 1],
      [0, 0],
    ] as const) {
      expect(Buffer.compare(await load(engine, row, offset, length), bytes.subarray(offset, offset + length))).toBe(0);
    }
  });
});

test("staged bytes can be read before they belong to a row", async () => {
  const engine = await openEngine();
  const { token } = await engine.bytes.stage(pieces(bytesOf(10), 3), at(1000));
  const row: Row = { key: "a", value: "{}", version: "1", createdAt: 0, updatedAt: 0, content: token };
  expect(await load(engine, row)).toEqual(bytesOf(10));
});

test("bytes that belong to a row cannot be discarded any more", async () => {
  const engine = await openEngine();
  const row = await store(engine, "a", bytesOf(5));
  const staged = await engine.bytes.stage(pieces(bytesOf(5), 5), at(1000));
  for (const token of [row.content, staged.token]) await engine.bytes.discard(token ?? "");
  await expectSwept(engine, 1);
  expect(await load(engine, row)).toEqual(bytesOf(5));
});

test("a body that fails leaves nothing behind, and one that is given up is stopped", async () => {
  const engine = await openEngine();
  let stopped = 0;
  async function* body(): AsyncIterable<Uint8Array> {
    try {
      yield bytesOf(3 * chunk);
      yield bytesOf(3 * chunk);
      throw new RangeError("no more");
    } finally {
      stopped++;
    }
  }
  await expect(engine.bytes.stage(body(), at(1000))).rejects.toThrow("no more");
  await expectSwept(engine, 0);
  const controller = new AbortController();
  controller.abort();
  await expect(engine.bytes.stage(body(), at(1000, { signal: controller.signal }))).rejects.toMatchObject({
    code: "ABORTED",
  });
  expect(stopped).toBe(2);
  await expectSwept(engine, 0);
});

describe("contents that nothing names", () => {
  test("stay readable for ten minutes after a blob was replaced or deleted", async () => {
    const { reopen, engine } = await openFile();
    const bytes = bytesOf(2 * chunk);
    const replaced = await store(engine, "a", bytes);
    const deleted = await store(engine, "b", bytes);
    await store(engine, "a", bytesOf(3));
    await engine.commit([[{ op: "delete", space: "blobs", key: "b", version: "gone" }]], at(1000));
    later(10 * 60 * 1000 - 1);
    const second = await reopen();
    expect(await load(second, replaced)).toEqual(bytes);
    expect(await load(second, deleted)).toEqual(bytes);
    later(1);
    const third = await reopen();
    await expectSwept(third, 1);
    await expect(load(third, replaced)).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
  });

  test("are swept a day after they were staged, and can no longer be put", async () => {
    const { reopen, engine } = await openFile();
    const { token } = await engine.bytes.stage(pieces(bytesOf(9 * chunk), chunk), at(1000));
    await store(engine, "kept", bytesOf(3));
    later(day);
    const second = await reopen();
    await expectSwept(second, 1);
    const results = await second.commit([[put("blobs", "a", "{}", { content: token })]], at(1000));
    expect(results).toMatchObject([{ outcome: "conflict", op: 0 }]);
    expect(await load(second, (await second.read("blobs", ["kept"], at(1000)))[0] as Row)).toEqual(bytesOf(3));
  });

  test("are kept for a day after each part, and then neither go on nor are put", async () => {
    const { reopen, engine } = await openFile();
    const part = bytesOf(4 * chunk);
    const { token } = await engine.bytes.extend(undefined, 0, part, at(1000));
    later(day - 1);
    await engine.bytes.extend(token, part.length, bytesOf(10), at(1000));
    later(day - 1);
    const second = await reopen();
    expect(await second.bytes.extended(token, at(1000))).toEqual({ token, size: part.length + 10 });
    later(1);
    // At once, whether they are swept already or not: they may be half gone.
    expect(await second.bytes.extended(token, at(1000))).toBeUndefined();
    const refused = async () => second.bytes.extend(token, part.length, bytesOf(20), at(1000));
    await expect(refused()).rejects.toMatchObject({ code: "NOT_FOUND" });
    const results = await second.commit([[put("blobs", "a", "{}", { content: token })]], at(1000));
    expect(results).toMatchObject([{ outcome: "conflict", op: 0 }]);
    await expectSwept(await reopen(), 0);
  });

  test("are kept while any blob has them, as when one is moved", async () => {
    const { reopen, engine } = await openFile();
    const row = await store(engine, "a", bytesOf(5));
    const remove = { op: "delete", space: "blobs", key: "a", version: "moved" } as const;
    const results = await engine.commit([[put("blobs", "b", "{}", { content: row.content ?? "" }), remove]], at(1000));
    expect(results).toMatchObject([{ outcome: "applied" }]);
    await engine.commit([[put("blobs", "b", '{"new":"facts"}', { content: row.content ?? "" })]], at(1000));
    await engine.bytes.stage(pieces(bytesOf(5), 5), at(1000)); // one that will go
    later(day);
    const second = await reopen();
    await expectSwept(second, 1);
    const [moved] = await second.read("blobs", ["b"], at(1000));
    expect(await load(second, moved as Row)).toEqual(bytesOf(5));
  });
});

test("a chunk that is missing is told as damage", async () => {
  const engine = await openEngine();
  const row = await store(engine, "a", bytesOf(3 * chunk));
  (engine.raw() as { exec(sql: string): void }).exec("delete from blob_chunks where n = 1");
  const error = await load(engine, row).catch((error: unknown) => error);
  expect(PersistError.is(error, "CORRUPT")).toBe(true);
});

/** Lets time pass on this machine. */
function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** A file that can be opened again; each time a sweep is due with the first write. */
async function openFile() {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const path = `${makeFolder()}/a.db`;
  let close: (() => Promise<void>) | undefined;
  const reopen = async () => {
    await close?.();
    const adapter = await sqlite({ path });
    close = adapter.close;
    const engine = (await adapter.engine?.(scope)) as Engine;
    await engine.commit([[put("kv", "opened", "1")]], at(1000));
    return engine;
  };
  onTestFinished(() => close?.());
  return { reopen, engine: await reopen() };
}

/** Waits until there are no more than so many contents. */
async function expectSwept(engine: Engine, contents: number): Promise<void> {
  const db = engine.raw() as { prepare(sql: string): { get(): unknown } };
  await expect
    .poll(() => db.prepare("select count(*) as n from blob_contents").get(), { timeout: 10_000 })
    .toEqual({ n: contents });
  expect(
    db.prepare("select count(*) as n from blob_chunks where content not in (select id from blob_contents)").get(),
  ).toEqual({ n: 0 });
}
