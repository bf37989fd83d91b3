import { describe, expect, test } from "vitest";
import type { Engine, PersistAdapter } from "../../src/contract.ts";
import { createLock } from "../../src/lift/lock.ts";
import { adapters, bareAdapter } from "./adapters.ts";
import { at, event, openLift, put, version } from "./open.ts";

const o = at(1);
const all = { by: "key", reverse: false, limit: 100, keysOnly: false } as const;

/** An adapter whose calls take a few turns each, so that everything overlaps that can. */
function slow(adapter: PersistAdapter): PersistAdapter {
  const later = async <T>(work: () => T | Promise<T>): Promise<T> => {
    await new Promise(setImmediate);
    const result = await work();
    await new Promise(setImmediate);
    return result;
  };
  const { batch } = adapter;
  return {
    ...adapter,
    get: (key) => later(() => adapter.get(key)),
    put: (key, value) => later(() => adapter.put(key, value)),
    delete: (key) => later(() => adapter.delete(key)),
    async *list(prefix) {
      for await (const entry of (await adapter.list(prefix)) ?? []) yield later(() => entry);
    },
    ...(batch && { batch: { max: batch.max, write: (ops) => later(() => batch.write(ops)) } }),
  };
}

describe.each(adapters)("over %s", (_, over) => {
  test("nobody sees half of a commit", async () => {
    const engine = await openLift(slow(over()));
    const keys = Array.from({ length: 5 }, (_, i) => `k${i}`);
    let isDone = false;
    const write = async () => {
      for (let n = 1; n <= 20; n++) {
        const index = [{ index: "i", tuple: Uint8Array.of(n), unique: false }];
        const rows = keys.map((key) => ({ ...put("records", key, `${n}`), index }));
        await engine.commit([[...rows, { op: "append", stream: "s", events: [event(`${n}a`), event(`${n}b`)] }]], o);
      }
      isDone = true;
    };
    const read = async () => {
      while (!isDone) {
        const rows = await engine.read("records", keys, o);
        expect(new Set(rows.map((row) => row?.value)).size).toBe(1);
        // Neither does who looks at one thing after another: what is seen later is never older.
        const [first] = await engine.read("records", ["k4"], o);
        const [second] = await engine.read("records", ["k0"], o);
        expect(Number(second?.value ?? 0)).toBeGreaterThanOrEqual(Number(first?.value ?? 0));
        const scanned = await engine.scan("records", all, o);
        expect(new Set(scanned.rows.map(({ value }) => value)).size).toBeLessThanOrEqual(1);
        const indexed = await engine.scan("records", { ...all, by: "index", index: "i" }, o);
        expect([0, 5]).toContain(indexed.rows.length);
        const { events } = await engine.events({ reverse: false, limit: 100 }, o);
        expect(events.length % 2).toBe(0);
        expect(events.map(({ position }) => position)).toEqual(events.map((_, i) => i + 1));
      }
    };
    await Promise.all([write(), read(), read(), read()]);
  });

  test("two engines on one adapter are one", async () => {
    const adapter = slow(over());
    const engines = [await openLift(adapter), await openLift(adapter)];
    let woken = 0;
    engines[1]?.wake(() => woken++);
    const add = (engine: Engine) =>
      engine.commit([[{ op: "add", space: "kv", key: "n", by: 1, version: version() }]], o);
    const append = (engine: Engine) => engine.commit([[{ op: "append", stream: "s", events: [event(version())] }]], o);
    const work = Array.from({ length: 10 }, () => engines.flatMap((engine) => [add(engine), append(engine)]));
    await Promise.all(work.flat());
    expect(woken).toBe(40);
    for (const engine of engines) {
      expect(await engine.read("kv", ["n"], o)).toMatchObject([{ value: "20" }]);
      expect(await engine.read("streams", ["s"], o)).toMatchObject([{ version: "20" }]);
    }
    await engines[0]?.close();
    await add(engines[1] as Engine);
    await engines[1]?.close();
    expect(await (await openLift(adapter)).read("kv", ["n"], o)).toMatchObject([{ value: "21" }]);
  });
});

test("scopes of one adapter do not see each other", async () => {
  const adapter = bareAdapter();
  const { lift } = await import("../../src/lift/engine.ts");
  const names = ["a", "A", "a-b"].flatMap((name) => ["", "-", "x", "X"].map((namespace) => ({ name, namespace })));
  const engines = await Promise.all(names.map((scope) => lift(adapter, scope)));
  await Promise.all(engines.map((engine, i) => engine.commit([[put("kv", "k", `${i}`)]], o)));
  for (const [i, engine] of engines.entries()) {
    expect((await engine.scan("kv", all, o)).rows).toMatchObject([{ key: "k", value: `${i}` }]);
  }
});

describe("who waits for a call that hangs", () => {
  async function openHanging() {
    const bare = bareAdapter();
    const stuck = Promise.withResolvers<void>();
    const engine = await openLift({
      ...bare,
      async put(key, value) {
        if (key.endsWith("/_stuck")) await stuck.promise;
        await bare.put(key, value);
      },
    });
    await engine.commit([[put("kv", "a", "1")]], o);
    return { engine, stuck, hanging: Promise.resolve(engine.commit([[put("kv", "stuck", "1")]], o)) };
  }

  test("gives up at the deadline, or when aborted, and stands in nobody's way", async () => {
    const { engine, stuck, hanging } = await openHanging();
    const soon = { now: 1, deadline: performance.now() + 5 };
    await expect(engine.read("kv", ["a"], soon)).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(engine.commit([[put("kv", "b", "1")]], soon)).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "not-applied",
    });
    const controller = new AbortController();
    const aborted = engine.commit([[put("kv", "b", "1")]], { ...o, signal: controller.signal });
    const reading = engine.read("kv", ["a", "b", "stuck"], o);
    controller.abort("enough");
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED", cause: "enough" });
    stuck.resolve();
    await hanging;
    expect(await reading).toMatchObject([{ value: "1" }, undefined, { value: "1" }]);
  });

  test("does nothing where it was given up before", async () => {
    const calls: string[] = [];
    const bare = bareAdapter();
    const engine = await openLift({
      ...bare,
      get: async (key) => void calls.push(key),
      put: async (key) => void calls.push(key),
    });
    calls.length = 0;
    const late = { now: 1, deadline: performance.now() - 1 };
    const aborted = { ...o, signal: AbortSignal.abort() };
    for (const [given, code] of [
      [late, "TIMEOUT"],
      [aborted, "ABORTED"],
    ] as const) {
      await expect(engine.read("kv", ["a"], given)).rejects.toMatchObject({ code });
      await expect(engine.commit([[put("kv", "a", "1")]], given)).rejects.toMatchObject({ code });
      await expect(engine.bytes.stage((async function* () {})(), given)).rejects.toMatchObject({ code });
    }
    expect(calls).toEqual([]);
  });

  test("of a commit that is under way is told nothing wrong: it goes on", async () => {
    const bare = bareAdapter();
    const controller = new AbortController();
    const engine = await openLift({
      ...bare,
      async put(key, value) {
        await bare.put(key, value);
        if (key.endsWith("/redo")) controller.abort();
      },
    });
    const results = await engine.commit([[put("kv", "a", "1"), put("kv", "b", "1")]], {
      ...o,
      signal: controller.signal,
    });
    expect(results).toMatchObject([{ outcome: "applied" }]);
  });
});

test("the lock admits readers together and writers alone, in order", async () => {
  const lock = createLock();
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const enter = (kind: "shared" | "exclusive", name: string, patience: { deadline: number } = o) =>
    lock[kind](async () => {
      log.push(name);
      await new Promise<void>((resolve) => gates.set(name, resolve));
    }, patience);
  const turn = () => new Promise(setImmediate);
  const leave = async (name: string) => {
    gates.get(name)?.();
    await turn();
  };
  const r1 = enter("shared", "r1");
  const r2 = enter("shared", "r2");
  const w1 = enter("exclusive", "w1");
  const r3 = enter("shared", "r3");
  const impatient = enter("exclusive", "never", { deadline: performance.now() + 5 });
  const r4 = enter("shared", "r4");
  const w2 = enter("exclusive", "w2");
  await expect(impatient).rejects.toMatchObject({ code: "TIMEOUT" });
  expect(log).toEqual(["r1", "r2"]);
  await leave("r1");
  expect(log).toEqual(["r1", "r2"]);
  await leave("r2");
  expect(log).toEqual(["r1", "r2", "w1"]);
  await leave("w1");
  expect(log).toEqual(["r1", "r2", "w1", "r3", "r4"]);
  await leave("r3");
  await leave("r4");
  await leave("w2");
  await Promise.all([r1, r2, r3, r4, w1, w2]);
  expect(log.at(-1)).toBe("w2");
});

test("who gives up in the moment of his turn does not keep the lock", async () => {
  for (let ticks = 0; ticks < 10; ticks++) {
    const lock = createLock();
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = lock.exclusive(() => promise, o);
    const controller = new AbortController();
    const second = lock.exclusive(async () => undefined, { ...o, signal: controller.signal }).catch(() => undefined);
    resolve();
    for (let i = 0; i < ticks; i++) await undefined;
    controller.abort();
    await Promise.all([first, second]);
    expect(await lock.shared(async () => "free", { deadline: performance.now() + 1000 })).toBe("free");
  }
});
