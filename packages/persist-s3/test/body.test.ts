import { once } from "node:events";
import { Readable } from "node:stream";
import { startProxy } from "@cuitty/persist-servers";
import { describe, expect, test } from "vitest";
import { createBody } from "../src/body.ts";
import type { OpenObject } from "../src/bucket.ts";
import { bytesOf, inTime, openDouble, openOn, patternOf, startDouble, within } from "./buckets.ts";

const length = 1_000_000;
const pattern = patternOf(length);
const isGet = ({ operation }: { readonly operation: string }) => operation === "GetObject";

async function openLarge(options: Parameters<typeof openDouble>[1] = {}) {
  const { double, bucket } = await openDouble({}, options);
  await bucket.put("large", pattern, inTime());
  double.requests.reset();
  return { double, bucket };
}

const iteratorOf = (opened: OpenObject | undefined): AsyncIterator<Uint8Array> => {
  if (opened === undefined) throw new Error("There is nothing.");
  return opened.body[Symbol.asyncIterator]();
};

describe("a body that is cut", () => {
  test("goes on behind what was read", async () => {
    const { double, bucket } = await openLarge();
    double.faults.add({ fault: { kind: "cut-body", afterBytes: 300_000 }, times: 2, when: isGet });
    expect((await bytesOf(await bucket.open("large", inTime()))).equals(pattern)).toBe(true);
    expect(double.requests.count("GetObject")).toBe(3);
  });

  test("goes on within its span", async () => {
    const { double, bucket } = await openLarge();
    double.faults.add({ fault: { kind: "cut-body", afterBytes: 100_000 }, times: 4, when: isGet });
    const span = { offset: 250_001, length: 500_000 };
    const bytes = await bytesOf(await bucket.open("large", { ...inTime(), span }));
    expect(bytes.equals(pattern.subarray(250_001, 750_001))).toBe(true);
    expect(double.requests.count("GetObject")).toBe(5);
  });

  test("is CONFLICT where something else is there", async () => {
    const { double, bucket } = await openLarge();
    double.faults.add({ fault: { kind: "cut-body", afterBytes: 300_000 }, times: 1, when: isGet });
    const opened = await bucket.open("large", inTime());
    await bucket.put("large", pattern.subarray(1), inTime());
    await expect(bytesOf(opened)).rejects.toMatchObject({ code: "CONFLICT", key: "large" });
  });

  test("is CONFLICT where nothing is there any more", async () => {
    const { double, bucket } = await openLarge();
    double.faults.add({ fault: { kind: "cut-body", afterBytes: 300_000 }, times: 1, when: isGet });
    const opened = await bucket.open("large", inTime());
    await bucket.remove("large", inTime());
    await expect(bytesOf(opened)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("is given up at the deadline where it gets no further", async () => {
    const { double, bucket } = await openLarge();
    double.faults.add({ fault: { kind: "cut-body", afterBytes: 0 }, when: isGet });
    const opened = await bucket.open("large", within(300));
    await expect(bytesOf(opened)).rejects.toMatchObject({ name: "PersistError", outcome: "not-applied" });
  });

  test("is read whole or not at all where it is text", async () => {
    const { double, bucket } = await openLarge();
    double.faults.add({ fault: { kind: "cut-body", afterBytes: 300_000 }, times: 2, when: isGet });
    expect(await bucket.readText("large", inTime())).toMatchObject({ text: Buffer.from(pattern).toString() });
  });
});

describe("a body that stops coming", () => {
  const crawl = { kind: "slow-body", bytesPerSecond: 10 } as const;

  test("is asked for again", async () => {
    const { double, bucket } = await openLarge({ timeouts: { request: 300 } });
    double.faults.add({ fault: { kind: "slow-body", bytesPerSecond: 2 }, times: 1, when: isGet });
    expect((await bytesOf(await bucket.open("large", inTime()))).equals(pattern)).toBe(true);
    expect(double.requests.count("GetObject")).toBeGreaterThanOrEqual(2);
  });

  test("ends at the deadline", async () => {
    const { double, bucket } = await openLarge();
    double.faults.add({ fault: crawl, when: isGet });
    const opened = await bucket.open("large", within(300));
    await expect(bytesOf(opened)).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
  });

  test("ends when nobody wants it", async () => {
    const { double, bucket } = await openLarge();
    double.faults.add({ fault: crawl, when: isGet });
    const controller = new AbortController();
    const body = iteratorOf(await bucket.open("large", { ...inTime(), signal: controller.signal }));
    const read = (async () => {
      while ((await body.next()).done !== true);
    })();
    controller.abort();
    await expect(read).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("may be ended while it is waited for", async () => {
    const { double, bucket } = await openLarge({ concurrency: 1 });
    double.faults.add({ fault: { kind: "slow-body", bytesPerSecond: 1 }, times: 1, when: isGet });
    const body = iteratorOf(await bucket.open("large", inTime()));
    const waiting = body.next();
    await body.return?.();
    expect(await waiting).toMatchObject({ done: true });
    expect(await bucket.head("large", inTime())).toMatchObject({ size: length });
  });
});

test("a body that is ended early, or read to its end, leaves its connection to others", async () => {
  const { bucket } = await openLarge({ concurrency: 1 });
  for (let i = 0; i < 3; i++) {
    const body = iteratorOf(await bucket.open("large", inTime()));
    await body.next();
    await body.return?.();
    expect(await body.next()).toMatchObject({ done: true });
    expect((await bytesOf(await bucket.open("large", inTime()))).equals(pattern)).toBe(true);
  }
  for (const span of [
    { offset: 0, length: 0 },
    { offset: length, length: 1 },
  ]) {
    await bucket.open("large", { ...inTime(), span });
    expect(await bytesOf(await bucket.open("large", { ...inTime(), span }))).toHaveLength(0);
  }
});

test("is read as fast as it is wanted, and no faster", async () => {
  const piece = 65_536;
  let given = 0;
  const stream = new Readable({
    highWaterMark: piece,
    read() {
      given += 1;
      this.push(given > 100 ? null : Buffer.alloc(piece));
    },
  });
  const rest = async (error: unknown) => {
    throw error;
  };
  const reopen = () => rest(new Error("It did not break."));
  const source = { start: 0, end: 100 * piece, within: 60_000, reopen, rest };
  let read = 0;
  for await (const chunk of createBody({ body: stream, release: () => {} }, source, inTime())) {
    read += chunk.length;
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    expect(given * piece - read).toBeLessThanOrEqual(3 * piece);
  }
  expect(read).toBe(100 * piece);
});

test("a body that nobody reads lets its connection go, and makes it anew when it is read", async () => {
  const streams: Readable[] = [];
  const streamFrom = (offset: number): Readable => {
    const stream = Readable.from(
      [pattern.subarray(offset, offset + 400_000), pattern.subarray(offset + 400_000)].map((part) => Buffer.from(part)),
      {
        objectMode: false,
      },
    );
    streams.push(stream);
    return stream;
  };
  const opened = (offset: number) => ({ body: streamFrom(offset), release: () => {} });
  const source = {
    start: 0,
    end: length,
    within: 60_000,
    unreadFor: 20,
    reopen: async (offset: number) => opened(offset),
    rest: async (error: unknown) => {
      throw error;
    },
  };
  const body = createBody(opened(0), source, inTime())[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  for (let i = 0; i < 2; i++) {
    const stream = streams.at(-1);
    if (stream?.closed === false) await once(stream, "close");
    const { value } = await body.next();
    if (value !== undefined) chunks.push(value);
  }
  for (let step = await body.next(); step.done !== true; step = await body.next()) chunks.push(step.value);
  expect(Buffer.concat(chunks).equals(pattern)).toBe(true);
  expect(streams.length).toBeGreaterThanOrEqual(3);
});

test("whoever stops right behind the last byte leaves the connection as good as new", async () => {
  const double = await startDouble();
  await using wire = await startProxy(double.port);
  const bucket = await openOn({ ...double, endpoint: wire.through(double.endpoint) });
  await bucket.put("k", "x".repeat(1000), inTime());
  const before = wire.connections.accepted;
  for (let i = 0; i < 20; i++) {
    const opened = await bucket.open("k", inTime());
    for await (const _ of opened?.body ?? []) break; // all there is comes at once
  }
  expect(wire.connections.accepted).toBe(before);
});
