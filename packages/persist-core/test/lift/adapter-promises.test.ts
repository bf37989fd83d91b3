import { describe, expect, test } from "vitest";
import type { Engine, PersistAdapter } from "../../src/contract.ts";
import { PersistError } from "../../src/errors.ts";
import { lift } from "../../src/lift/engine.ts";
import { adapters, bareAdapter, type Stored } from "./adapters.ts";
import { dump } from "./dump.ts";
import { at, event, openLift, put } from "./open.ts";

describe("what an adapter may do", () => {
  test("do nothing at all: the store opens and stays empty", async () => {
    const idle: PersistAdapter = { async get() {}, async put() {}, async delete() {}, async list() {} };
    const engine = await openLift(idle);
    expect(await engine.commit([[put("kv", "a", "1")]], at(1))).toMatchObject([{ outcome: "applied" }]);
    expect(await engine.read("kv", ["a"], at(1))).toEqual([undefined]);
    expect(await engine.scan("kv", { by: "key", reverse: false, limit: 10, keysOnly: false }, at(1))).toEqual({
      rows: [],
      more: false,
    });
    expect((await engine.changes(undefined, 10, at(1))).changes).toEqual([]);
    expect(await engine.events({ reverse: false, limit: 10 }, at(1))).toEqual({ events: [], more: false });
    await engine.close();
  });

  const listings: [string, (bare: PersistAdapter) => PersistAdapter["list"]][] = [
    ["an async generator", (bare) => bare.list],
    ["a promise of an array", (bare) => async (prefix) => collect(bare, prefix)],
    ["a promise of an async iterable", (bare) => async (prefix) => bare.list(prefix) as AsyncIterable<never>],
    [
      "more than was asked for, and what is gone",
      (bare) => async () => [
        ...(await collect(bare, "")),
        { key: "_test/-/kv/_gone", value: undefined },
        { key: "_test/-/kv/_gone2", value: null },
      ],
    ],
  ];
  test.each(listings)("list as %s", async (_, toList) => {
    const stored: Stored = new Map();
    const plain = await openLift(bareAdapter(stored));
    await plain.commit([[put("kv", "a", "1")], [put("records", "b", "2")]], at(1));
    const bare = bareAdapter(stored);
    const engine = await openLift({ ...bare, list: toList(bare) });
    expect(await dump(engine, 1)).toEqual(await dump(plain, 1));
  });

  test("do what it likes with the values it is given", async () => {
    const stored: Stored = new Map();
    const bare = bareAdapter(stored);
    const engine = await openLift({
      ...bare,
      async put(key, value) {
        await bare.put(key, value);
        spoil(value);
      },
    });
    await engine.commit([[put("kv", "a", '{"x":[1]}'), put("kv", "b", "2")]], at(1));
    await engine.commit([[{ op: "add", space: "kv", key: "b", by: 1, version: "w" }, put("kv", "c", "3")]], at(1));
    expect(await dump(engine, 1)).toEqual(await dump(await openLift(bareAdapter(stored)), 1));
    expect((await engine.read("kv", ["a", "b", "c"], at(1))).map((row) => row?.value)).toEqual(['{"x":[1]}', "3", "3"]);
  });

  test("hand out its own objects: nobody changes them", async () => {
    const stored = new Map<string, unknown>();
    const engine = await openLift({
      get: async (key) => stored.get(key),
      async put(key, value) {
        stored.set(key, freeze(value));
      },
      async delete(key) {
        stored.delete(key);
      },
      async *list(prefix) {
        for (const [key, value] of stored) if (key.startsWith(prefix)) yield { key, value };
      },
    });
    for (const value of ['{"x":[1]}', '{"x":[2]}']) {
      await engine.commit([[put("kv", "a", value), { op: "append", stream: "s", events: [event(value)] }]], at(1));
      await dump(engine, 1);
    }
    expect(await engine.read("kv", ["a"], at(1))).toMatchObject([{ value: '{"x":[2]}' }]);
  });

  test("throw: its error is the cause, and a PersistError is passed on", async () => {
    const cause = new Error("the disk is on fire");
    const failing = (error: Error) => openLift({ ...bareAdapter(), get: () => Promise.reject(error) });
    await expect(failing(cause)).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true, cause });
    const denied = new PersistError("DENIED", "no");
    await expect(failing(denied)).rejects.toBe(denied);
    await expect(
      openLift({
        ...bareAdapter(),
        get: () => {
          throw cause;
        },
      }),
    ).rejects.toMatchObject({ cause });
  });

  test("be opened again after it could not be", async () => {
    let isDown = true;
    const bare = bareAdapter();
    const adapter = {
      ...bare,
      get: async (key: string) => (isDown ? Promise.reject(new Error("down")) : bare.get(key)),
    };
    await expect(openLift(adapter)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    isDown = false;
    const engine = await openLift(adapter);
    expect(await engine.read("kv", ["a"], at(1))).toEqual([undefined]);
  });
});

describe("what an adapter is promised", () => {
  test.each(adapters)("no two calls for one key overlap, over %s", async (_, over) => {
    const busy = new Set<string>();
    const overlaps: string[] = [];
    const alone = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
      if (busy.has(key)) overlaps.push(key);
      busy.add(key);
      await new Promise(setImmediate);
      try {
        return await work();
      } finally {
        busy.delete(key);
      }
    };
    const inner = over();
    const engine = await openLift({
      ...inner,
      get: (key) => alone(key, () => inner.get(key)),
      put: (key, value) => alone(key, () => inner.put(key, value)),
      delete: (key) => alone(key, () => inner.delete(key)),
    });
    const rounds = Array.from({ length: 8 }, async (_, i) => {
      await engine.commit([[put("kv", "a", `${i}`), put("kv", `b${i % 3}`, "1")]], at(1));
      await Promise.all([engine.read("kv", ["a", "a", "b0"], at(1)), engine.read("kv", ["b0", "a"], at(1))]);
      const { token } = await engine.bytes.stage(bytes(), at(1));
      await engine.commit([[{ ...put("blobs", "c", "{}"), content: token }]], at(1));
      const [row] = await engine.read("blobs", ["c"], at(1));
      if (row !== undefined) await Promise.all([drain(engine, row), drain(engine, row)]);
      const given = await engine.bytes.stage(bytes(), at(1));
      const staged = { key: "", value: "", version: "", content: given.token };
      await Promise.allSettled([drain(engine, staged), engine.bytes.discard(given.token)]);
    });
    await Promise.all(rounds);
    expect(overlaps).toEqual([]);
    expect(await engine.read("kv", ["b0"], at(1))).toMatchObject([{ value: "1" }]);
  });

  test("values are JSON data", async () => {
    const bare = bareAdapter();
    const engine = await openLift({
      ...bare,
      put(key, value) {
        expect(JSON.parse(JSON.stringify(value))).toStrictEqual(value);
        return bare.put(key, value);
      },
    });
    const index = [{ index: "i", tuple: Uint8Array.of(1), unique: true }];
    await engine.commit(
      [
        [
          { ...put("records", "a", "null"), index },
          { op: "append", stream: "s", events: [event("1")] },
        ],
      ],
      at(1),
    );
    await engine.commit([[{ op: "delete", space: "records", key: "a", version: "w" }]], at(1));
    expect(await engine.read("streams", ["s"], at(1))).toMatchObject([{ version: "1" }]);
  });

  test("values that careless copying would damage are texts", async () => {
    const stored: Stored = new Map();
    const values = [
      '{"__proto__":{"x":1}}',
      '"\\u0000"',
      '"\\ud800"',
      "not JSON",
      '{"$text":"x"}',
      " 1",
      "1.0",
      '{"b":1,"1":2}',
    ];
    const engine = await openLift(bareAdapter(stored));
    await engine.commit(
      values.map((value, i) => [put("kv", `${i}`, value)]),
      at(1),
    );
    const rows = await (await openLift(bareAdapter(stored))).read(
      "kv",
      values.map((_, i) => `${i}`),
      at(1),
    );
    expect(rows.map((row) => row?.value)).toEqual(values);
    expect(JSON.parse(stored.get("_test/-/kv/_0") ?? "").value).toEqual({ $text: values[0] });
  });

  test("other tools can read the values", async () => {
    const stored: Stored = new Map();
    const engine = await lift(bareAdapter(stored), { name: "My.app", namespace: "Tenant-1" });
    await engine.commit([[put("records", "users/Bob", '{"age":42}')]], at(7));
    expect(JSON.parse(stored.get("_=my.eapp/_=tenant-1/records/_users.f=bob") ?? "")).toEqual({
      value: { age: 42 },
      version: expect.any(String),
      created: 7,
      updated: 7,
      seq: 1,
    });
  });
});

function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    spoil(inner);
    Reflect.deleteProperty(value, name);
  }
}

function freeze(value: unknown): unknown {
  if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

async function collect(adapter: PersistAdapter, prefix: string) {
  const entries = [];
  for await (const entry of (await adapter.list(prefix)) ?? []) entries.push(entry);
  return entries;
}

async function* bytes() {
  yield new Uint8Array(1000);
}

async function drain(engine: Engine, row: Parameters<Engine["bytes"]["open"]>[0]): Promise<void> {
  for await (const chunk of engine.bytes.open(row, { offset: 0, length: 1000 }, at(1))) void chunk;
}
