/** Contents of blobs on a real server: whole, in parts, from several clients, and over connections that break. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { startProxy } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, onTestFinished, test } from "vitest";
import { at, bytesOf, inPieces, load, openScope, put, readBlob, remove, rowWith, store } from "./opened.ts";

const database = useDatabase();
const chunk = 256 * 1024;
const batch = 4 * chunk;

const same = (a: Uint8Array, b: Uint8Array) => expect(Buffer.compare(a, b)).toBe(0);

test.each([0, 1, chunk - 1, chunk, chunk + 1, batch, batch + 1, 9 * chunk + 5])(
  "%i bytes come back as they were",
  async (n) => {
    const opened = await openScope(database.url);
    const bytes = bytesOf(n);
    for (const size of [7_777, chunk, 3 * chunk, n + 1]) {
      const staged = await opened.bytes.stage(inPieces(bytes, size), at(1000));
      expect(staged.size).toBe(n);
      expect(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)).toEqual(
        Uint8Array.from(Buffer.from(staged.sha256, "hex")).buffer,
      );
      same(await load(opened, rowWith(staged.token)), bytes);
    }
    same(await load(opened, await store(opened, "a", bytes)), bytes);
  },
);

test("ranges", async () => {
  const opened = await openScope(database.url);
  const bytes = bytesOf(batch + 2 * chunk + 100);
  const row = await store(opened, "a", bytes);
  for (const [offset, length] of [
    [0, 1],
    [chunk - 1, 2],
    [chunk, chunk],
    [5, batch + 7],
    [batch - 1, chunk + 2],
    [bytes.length - 1, 50],
    [bytes.length, 1],
    [bytes.length + chunk, 1],
    [0, 0],
    [7, 0],
  ] as const) {
    same(await load(opened, row, offset, length), bytes.subarray(offset, offset + length));
  }
});

test("staged bytes are given up once, and those of a row never", async () => {
  const opened = await openScope(database.url);
  const row = await store(opened, "a", bytesOf(5));
  const { token } = await opened.bytes.stage(inPieces(bytesOf(5)), at(1000));
  for (const content of [row.content as string, token, token]) await opened.bytes.discard(content);
  expect(await opened.bytes.extended(token, at(1000))).toBeUndefined();
  expect(await put(opened, "blobs", "b", { content: token })).toBe(false);
  same(await load(opened, row), bytesOf(5));
});

test("a body that fails leaves nothing behind, and one that is given up is stopped", async () => {
  const opened = await openScope(database.url);
  const before = await stagedContents(opened);
  let stopped = 0;
  async function* body(): AsyncIterable<Uint8Array> {
    try {
      yield bytesOf(batch);
      yield bytesOf(batch + 1);
      throw new RangeError("no more");
    } finally {
      stopped++;
    }
  }
  await expect(opened.bytes.stage(body(), at(1000))).rejects.toThrow("no more");
  const signal = AbortSignal.abort();
  await expect(opened.bytes.stage(body(), at(1000, { signal }))).rejects.toMatchObject({ code: "ABORTED" });
  expect(stopped).toBe(2);
  expect(await stagedContents(opened)).toBe(before);
});

test("a body is stopped where storing fails", async () => {
  const opened = await openScope(database.url);
  await opened.sql("alter table s.blob_chunks add constraint no_sevens check (n <> 7) not valid");
  let stopped = false;
  async function* endless(): AsyncIterable<Uint8Array> {
    try {
      for (;;) yield bytesOf(10_000);
    } finally {
      stopped = true;
    }
  }
  await expect(opened.bytes.stage(endless(), at(1000))).rejects.toMatchObject({ outcome: "not-applied" });
  expect(stopped).toBe(true);
  await opened.sql("alter table s.blob_chunks drop constraint no_sevens");
});

describe("while the server does not answer", () => {
  test("no more is taken of a body than two batches", async () => {
    const proxy = await openProxy();
    const opened = await openScope(proxy.through(database.url));
    proxy.blackHole();
    let taken = 0;
    const controller = new AbortController();
    async function* endless(): AsyncIterable<Uint8Array> {
      for (;;) {
        await new Promise(setImmediate);
        taken += chunk;
        yield new Uint8Array(chunk);
      }
    }
    const staging = opened.bytes.stage(endless(), at(1000, { signal: controller.signal }));
    staging.catch(() => undefined);
    await expect.poll(() => taken).toBe(2 * batch);
    for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
    expect(taken).toBe(2 * batch);
    controller.abort();
    await expect(staging).rejects.toMatchObject({ outcome: "not-applied" });
    proxy.heal();
  });
});

test("a reader that pauses is sent one batch more, and no others", async () => {
  const proxy = await openProxy();
  const opened = await openScope(proxy.through(database.url));
  const row = await store(opened, "a", bytesOf(8 * batch));
  const reading = opened.bytes.open(row, { offset: 0, length: 8 * batch }, at(1000))[Symbol.asyncIterator]();
  const before = proxy.bytes.toClient;
  await reading.next();
  const sent = () => proxy.bytes.toClient - before;
  await expect.poll(sent).toBeGreaterThan(2 * batch);
  await opened.sql("select 1"); // time enough for a third one to be asked for
  expect(sent()).toBeLessThan(3 * batch);
  await reading.return?.();
});

test("64 MiB pass through little memory, both ways", async () => {
  const child = spawn(
    process.execPath,
    ["--conditions=@cuitty/source", fileURLToPath(new URL("processes/blob-mover.ts", import.meta.url)), database.url],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  const [out] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const { isSame, grown } = JSON.parse(out) as { isSame: boolean; grown: number };
  expect(isSame).toBe(true);
  expect(grown).toBeLessThan(64 * 1024 * 1024); // less than either way alone would take, and mostly garbage
});

describe("extending", () => {
  test("from several connections at once, one gets through each time, and the bytes are whole", async () => {
    const clients = await Promise.all([1, 2, 3].map(() => openScope(database.url)));
    const [first] = clients as [(typeof clients)[0], ...typeof clients];
    const begun = await first.bytes.extend(undefined, 0, new Uint8Array(0), at(1000));
    const whole: Uint8Array[] = [];
    for (let round = 0; round < 10; round++) {
      const parts = clients.map((_, i) => bytesOf(round === 9 ? 1000 : batch, 17 * round + i));
      const results = await Promise.allSettled(
        clients.map(({ bytes }, i) => bytes.extend(begun.token, round * batch, parts[i] as Uint8Array, at(1000))),
      );
      const winners = parts.filter((_, i) => results[i]?.status === "fulfilled");
      expect(winners).toHaveLength(1);
      whole.push(...winners);
      for (const result of results) {
        if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "CONFLICT" });
      }
    }
    same(await load(first, rowWith(begun.token)), Buffer.concat(whole));
  });

  test("equally from several connections at once, all get through", async () => {
    const clients = await Promise.all([1, 2, 3].map(() => openScope(database.url)));
    const [first] = clients as [(typeof clients)[0], ...typeof clients];
    const bytes = bytesOf(6 * batch + 77);
    const begun = await first.bytes.extend(undefined, 0, new Uint8Array(0), at(1000));
    for (let offset = 0; offset < bytes.length; offset += batch) {
      // Each says it in growing lengths, as who goes on after a crash does.
      const parts = clients.map((_, i) => bytes.subarray(offset, offset + Math.ceil((batch * (i + 1)) / 3)));
      await Promise.all(
        clients.map((client, i) => client.bytes.extend(begun.token, offset, parts[i] as Uint8Array, at(1000))),
      );
    }
    expect(await first.bytes.extended(begun.token, at(1000))).toEqual({ token: begun.token, size: bytes.length });
    same(await load(first, rowWith(begun.token)), bytes);
  });

  test("what is discarded meanwhile is NOT_FOUND, and comes not back", async () => {
    const [one, two] = await Promise.all([openScope(database.url), openScope(database.url)]);
    for (let round = 0; round < 20; round++) {
      const { token } = await one.bytes.extend(undefined, 0, bytesOf(batch), at(1000));
      const extending = one.bytes.extend(token, batch, bytesOf(batch), at(1000));
      const [result] = await Promise.allSettled([extending, two.bytes.discard(token)]);
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "NOT_FOUND" });
      expect(await one.bytes.extended(token, at(1000))).toBeUndefined();
    }
  });
});

describe("over a connection that breaks", () => {
  test("staging goes on where the reply to a batch is lost", async () => {
    const proxy = await openProxy();
    const opened = await openScope(proxy.through(database.url));
    const bytes = bytesOf(5 * batch + 5);
    for (const lost of [0, 1, 3]) {
      const staging = opened.bytes.stage(losing(lost), at(1000));
      const { token, size } = await staging;
      expect(size).toBe(bytes.length);
      same(await load(opened, rowWith(token)), bytes);
    }

    async function* losing(nth: number): AsyncIterable<Uint8Array> {
      for (let offset = 0; offset < bytes.length; offset += batch) {
        if (offset === nth * batch) void proxy.loseReplyAfter((sent) => sent.length > 1000);
        yield bytes.subarray(offset, offset + batch);
      }
    }
  });

  test("a put whose bytes cannot be staged has not happened", async () => {
    const proxy = await openProxy();
    const opened = await openScope(proxy.through(database.url));
    async function* cutting(): AsyncIterable<Uint8Array> {
      yield bytesOf(2 * batch);
      proxy.refuse();
      proxy.cut();
      yield bytesOf(2 * batch);
    }
    const error = await opened.bytes.stage(cutting(), at(1000)).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "not-applied" });
    await proxy.accept();
    same(await load(opened, await store(opened, "a", bytesOf(9))), bytesOf(9));
  });

  test("reading goes on", async () => {
    const proxy = await openProxy();
    const opened = await openScope(proxy.through(database.url));
    const bytes = bytesOf(6 * batch + 6);
    const row = await store(opened, "a", bytes);
    const parts: Uint8Array[] = [];
    for await (const part of opened.bytes.open(row, { offset: 0, length: bytes.length }, at(1000))) {
      parts.push(part);
      if (parts.length === 6) proxy.cut();
    }
    same(Buffer.concat(parts), bytes);
  });
});

describe("a content that is not there", () => {
  test("was replaced, if its time has come", async () => {
    const opened = await openScope(database.url);
    const row = await store(opened, "a", bytesOf(3 * batch));
    await remove(opened, "blobs", "a");
    same(await load(opened, row), bytesOf(3 * batch));
    await opened.sql("update s.blob_contents set free_at = 1 where id = $1", [row.content as string]);
    await opened.sql("delete from s.blob_chunks where content = $1 and n > 4", [row.content as string]);
    const replaced = { code: "CONFLICT", retryable: true, key: "a" };
    await expect(load(opened, row)).rejects.toMatchObject(replaced);
    await opened.sql("delete from s.blob_contents where id = $1", [row.content as string]);
    await expect(load(opened, row)).rejects.toMatchObject(replaced);
    await expect(opened.bytes.copy?.(row, at(1000))).rejects.toMatchObject(replaced);
  });

  test.each([0, 5, 11])("is damage otherwise: chunk %i", async (n) => {
    const opened = await openScope(database.url);
    const row = await store(opened, "a", bytesOf(3 * batch));
    await opened.sql("delete from s.blob_chunks where content = $1 and n = $2", [row.content as string, n]);
    await expect(load(opened, row)).rejects.toMatchObject({ code: "CORRUPT", key: "a" });
  });
});

test("a copy shares the bytes, and stays when the original goes", async () => {
  const opened = await openScope(database.url);
  const row = await store(opened, "a", bytesOf(1000));
  const content = (await opened.bytes.copy?.(row, at(1000))) as string;
  expect(content).toBe(row.content);
  await put(opened, "blobs", "copy", { content });
  await remove(opened, "blobs", "a");
  expect(await opened.sql("select free_at from s.blob_contents where id = $1", [content])).toEqual([{ free_at: null }]);
  same(await load(opened, (await readBlob(opened, "copy")) as typeof row), bytesOf(1000));
});

async function openProxy() {
  const proxy = await startProxy(Number(new URL(database.url).port));
  onTestFinished(() => proxy.close());
  return proxy;
}

async function stagedContents({ sql }: Awaited<ReturnType<typeof openScope>>): Promise<unknown> {
  const [row] = await sql("select count(*)::int as n from s.blob_contents where free_at > 0");
  return row?.n;
}
