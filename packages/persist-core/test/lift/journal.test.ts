import { describe, expect, test } from "vitest";
import type { Engine, PersistAdapter } from "../../src/contract.ts";
import { PersistError } from "../../src/errors.ts";
import { bareAdapter, richAdapter, type Stored } from "./adapters.ts";
import { type AdapterCall, type Fate, fated } from "./faults.ts";
import { at, event, openLift, put } from "./open.ts";

const redo = "_test/-/redo";
const o = at(1);

/** An engine whose adapter meets the fates that the test sets, one after another, for the calls that match. */
async function openFated(over: (stored: Stored) => PersistAdapter = bareAdapter) {
  const stored: Stored = new Map();
  const calls: string[] = [];
  let fates: [matches: (call: AdapterCall) => boolean, fate: Fate][] = [];
  const adapter = fated(over(stored), (call) => {
    calls.push(`${call.method} ${call.key}`);
    const index = fates.findIndex(([matches]) => matches(call));
    return index === -1 ? "works" : (fates.splice(index, 1)[0]?.[1] ?? "works");
  });
  return {
    stored,
    calls,
    engine: await openLift(adapter),
    expectFates(...next: typeof fates) {
      fates = next;
    },
    left: () => fates.length,
  };
}

const call = (method: AdapterCall["method"], key: string) => (made: AdapterCall) =>
  made.method === method && made.key.endsWith(key);

async function values(engine: Engine, ...keys: string[]) {
  return (await engine.read("kv", keys, o)).map((row) => row?.value);
}

const pair = (value: string) => [put("kv", "a", value), put("kv", "b", value)];

describe("one write", () => {
  test("that fails without effect did not happen", async () => {
    const { engine, expectFates } = await openFated();
    expectFates([call("put", "kv/_a"), "fails"]);
    await expect(engine.commit([[put("kv", "a", "1")]], o)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      outcome: "not-applied",
    });
    expect(await values(engine, "a")).toEqual([undefined]);
  });

  test("whose answer was lost is recognised", async () => {
    const { engine, expectFates } = await openFated();
    await engine.commit([[put("kv", "a", "0")]], o);
    expectFates([call("put", "kv/_a"), "fails though it happened"]);
    expect(await engine.commit([[put("kv", "a", "1")]], o)).toMatchObject([{ outcome: "applied" }]);
  });

  test("that cannot be read again is unknown, and says why", async () => {
    const { engine, expectFates } = await openFated();
    let gets = 0;
    const isSecondGet = (made: AdapterCall) => call("get", "kv/_a")(made) && ++gets === 2;
    expectFates([call("put", "kv/_a"), "fails"], [isSecondGet, "fails"]);
    const [result] = await engine.commit([[put("kv", "a", "1")]], o);
    expect(result).toMatchObject({ outcome: "unknown", cause: { code: "UNAVAILABLE" } });
    expect(await values(engine, "a")).toEqual([undefined]);
  });

  test("that the adapter says is unknown is found out all the same", async () => {
    const bare = bareAdapter();
    const lost = new PersistError("RATE_LIMITED", "slow down", { outcome: "unknown" });
    const engine = await openLift({
      ...bare,
      put: (key, value) => (key.includes("/kv/") ? Promise.reject(lost) : bare.put(key, value)),
    });
    const error = { code: "RATE_LIMITED", outcome: "not-applied", retryable: true, cause: lost };
    await expect(engine.commit([[put("kv", "a", "1")]], o)).rejects.toMatchObject(error);
  });
});

describe("a reindex, which keeps the place of its row,", () => {
  const index = [{ index: "i", tuple: new Uint8Array([1]), unique: false }];
  const reindex = { op: "reindex", space: "records", key: "a", ifVersion: "first", index } as const;
  const found = async (engine: Engine) => {
    const range = { by: "index", index: "i", reverse: false, limit: 10, keysOnly: false } as const;
    return (await engine.scan("records", range, o)).rows.map(({ key }) => key);
  };
  const openWithRow = async () => {
    const opened = await openFated(richAdapter);
    await opened.engine.commit([[{ ...put("records", "a", "1"), version: "first" }]], o);
    return opened;
  };

  test("is not taken for what stood there before", async () => {
    const { engine, expectFates } = await openWithRow();
    expectFates([({ method }) => method === "batch", "fails"]);
    await expect(engine.commit([[reindex]], o)).rejects.toMatchObject({ outcome: "not-applied" });
    expect(await found(engine)).toEqual([]);
  });

  test("is recognised where its answer was lost", async () => {
    const { engine, expectFates } = await openWithRow();
    expectFates([({ method }) => method === "batch", "fails though it happened"]);
    expect(await engine.commit([[reindex]], o)).toMatchObject([{ outcome: "applied" }]);
    expect(await found(engine)).toEqual(["a"]);
  });
});

describe("a batch", () => {
  test("that fails without effect did not happen", async () => {
    const { engine, expectFates } = await openFated(richAdapter);
    expectFates([({ method }) => method === "batch", "fails"]);
    await expect(engine.commit([pair("1")], o)).rejects.toMatchObject({ outcome: "not-applied" });
    expect(await values(engine, "a", "b")).toEqual([undefined, undefined]);
  });

  test("whose answer was lost is recognised", async () => {
    const { engine, expectFates } = await openFated(richAdapter);
    expectFates([({ method }) => method === "batch", "fails though it happened"]);
    expect(await engine.commit([pair("1")], o)).toMatchObject([{ outcome: "applied" }]);
    expect(await values(engine, "a", "b")).toEqual(["1", "1"]);
  });
});

describe("a redo record", () => {
  test("comes first and goes last", async () => {
    const { engine, calls, stored } = await openFated();
    await engine.commit([[put("kv", "z", "0")]], o); // reserves places
    calls.length = 0;
    await engine.commit([pair("1")], o);
    expect(calls.map((made) => made.replace("_test/-/", ""))).toEqual([
      "get kv/_a",
      "get kv/_b",
      "put redo",
      "put kv/_a",
      "put kv/_b",
      "delete redo",
    ]);
    expect(stored.has(redo)).toBe(false);
  });

  test("that fails without effect is not there, and will not count should it come later", async () => {
    const { engine, stored } = await openFated();
    await engine.commit([pair("0")], o);
    let late: unknown;
    const bare = bareAdapter(stored);
    const slow = await openLift({
      ...bare,
      async put(key, value) {
        if (key === redo && late === undefined) {
          late = value;
          throw new Error("timed out");
        }
        await bare.put(key, value);
      },
    });
    await expect(slow.commit([pair("1")], o)).rejects.toMatchObject({ outcome: "not-applied" });
    await slow.commit([[put("kv", "a", "2")]], o);
    stored.set(redo, JSON.stringify(late)); // the server carries the first one out after all
    expect(await values(await openLift(bareAdapter(stored)), "a", "b")).toEqual(["2", "0"]);
  });

  test("that is there although putting it failed counts", async () => {
    const { engine, expectFates } = await openFated();
    expectFates([call("put", "redo"), "fails though it happened"]);
    expect(await engine.commit([pair("1")], o)).toMatchObject([{ outcome: "applied" }]);
    expect(await values(engine, "a", "b")).toEqual(["1", "1"]);
  });

  test.each<[Fate, string | undefined]>([
    ["fails", undefined],
    ["fails though it happened", "1"],
  ])("of which nobody knows (%s) is found out before anything is read", async (fate, found) => {
    const { engine, expectFates, left } = await openFated();
    expectFates([call("put", "redo"), fate], [call("get", "redo"), "fails"], [call("get", "redo"), "fails"]);
    expect(await engine.commit([pair("1")], o)).toMatchObject([{ outcome: "unknown" }]);
    await expect(values(engine, "a", "b")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(left()).toBe(0);
    expect(await values(engine, "a", "b")).toEqual([found, found]);
    await engine.commit([[put("kv", "b", "2")]], o);
    expect(await values(engine, "a", "b")).toEqual([found, "2"]);
  });

  test("of which nobody knows is found out before the next commit is judged", async () => {
    const { engine, expectFates } = await openFated();
    expectFates([call("put", "redo"), "fails though it happened"], [call("get", "redo"), "fails"]);
    expect(await engine.commit([pair("1")], o)).toMatchObject([{ outcome: "unknown" }]);
    const add = { op: "add", space: "kv", key: "a", by: 1, version: "v" } as const;
    expect(await engine.commit([[add]], o)).toMatchObject([{ answers: [{ value: "2" }] }]);
  });

  test("that cannot be carried out is seen as if it were, and is carried out before the next commit", async () => {
    const { engine, stored, expectFates } = await openFated();
    expectFates([call("put", "kv/_b"), "fails"]);
    expect(await engine.commit([pair("1")], o)).toMatchObject([{ outcome: "applied" }]);
    expect([stored.has("_test/-/kv/_a"), stored.has("_test/-/kv/_b"), stored.has(redo)]).toEqual([true, false, true]);
    expect(await values(engine, "a", "b")).toEqual(["1", "1"]);
    const page = await engine.scan("kv", { by: "key", reverse: false, limit: 10, keysOnly: false }, o);
    expect(page.rows.map(({ key }) => key)).toEqual(["a", "b"]);

    expectFates([call("put", "kv/_b"), "fails"]);
    await expect(engine.commit([[put("kv", "c", "1")]], o)).rejects.toMatchObject({ outcome: "not-applied" });
    expect(stored.has("_test/-/kv/_c")).toBe(false);

    await engine.commit([[put("kv", "a", "2")]], o);
    expect(stored.has(redo)).toBe(false);
    expect(await values(await openLift(bareAdapter(stored)), "a", "b", "c")).toEqual(["2", "1", undefined]);
  });

  test("that cannot be removed undoes no later commit", async () => {
    const { engine, stored, expectFates } = await openFated();
    expectFates([call("delete", "redo"), "fails"]);
    expect(await engine.commit([pair("1")], o)).toMatchObject([{ outcome: "applied" }]);
    await engine.commit([[put("kv", "a", "2")]], o);
    expect(await values(await openLift(bareAdapter(stored)), "a", "b")).toEqual(["2", "1"]);
  });

  test("is finished when the store is closed", async () => {
    const { engine, stored, expectFates } = await openFated();
    expectFates([call("put", "kv/_b"), "fails"]);
    await engine.commit([pair("1")], o);
    await engine.close();
    expect([stored.has("_test/-/kv/_b"), stored.has(redo)]).toEqual([true, false]);
  });

  test("is not buried by a reservation that seemed to fail", async () => {
    const { engine, stored, expectFates } = await openFated();
    await engine.commit([[put("kv", "z", "0")]], o);
    for (let i = 0; i < 499; i++) await engine.commit([pair(`${i}`)], o);
    // One place is left of the block. Who needs two reserves anew; who needs one must not go on in the old block then.
    expectFates([call("put", "meta"), "fails though it happened"]);
    await expect(engine.commit([pair("lost")], o)).rejects.toMatchObject({ outcome: "not-applied" });
    expectFates([call("put", "/events/0000000000000001"), "hangs"]);
    void engine.commit([[{ op: "append", stream: "s", events: [event("1")] }]], o);
    await expect.poll(() => stored.has(redo)).toBe(true);
    const again = await openLift(bareAdapter(stored));
    expect((await again.events({ reverse: false, limit: 9 }, o)).events).toMatchObject([{ id: "1" }]);
  });
});

test("a group that takes several steps says which lists are in doubt", async () => {
  const { engine, expectFates } = await openFated((stored) => richAdapter(stored, 2));
  let batches = 0;
  expectFates([({ method }) => method === "batch" && ++batches === 2, "fails"]);
  const results = await engine.commit(
    [pair("1"), [put("kv", "c", "1"), put("kv", "d", "1")], [put("kv", "e", "1")]],
    o,
  );
  expect(results).toMatchObject([{ outcome: "applied" }, { outcome: "unknown" }, { outcome: "unknown" }]);
  expect(await values(engine, "a", "b", "c", "d", "e")).toEqual(["1", "1", undefined, undefined, undefined]);
});

test("a step does not begin before the one before it is carried out", async () => {
  const { engine, stored, expectFates } = await openFated();
  const many = (start: string) => Array.from({ length: 1000 }, (_, i) => put("kv", `${start}${i}`, "1"));
  expectFates([call("put", "kv/_a7"), "fails"]);
  const results = await engine.commit([many("a"), many("b"), [put("kv", "a7", "2")]], o);
  expect(results).toMatchObject(Array(3).fill({ outcome: "applied" }));
  expect(stored.has(redo)).toBe(false);
  expect(await values(await openLift(bareAdapter(stored)), "a7")).toEqual(["2"]);
});
