import { describe, expect, it } from "vitest";
import { beginCall } from "../src/calls.ts";
import type { Engine, Op } from "../src/contract.ts";
import { PersistError } from "../src/errors.ts";
import { createMemoryEngine } from "../src/memory/engine.ts";
import { createState } from "../src/memory/state.ts";
import { findOut } from "../src/unknown-outcome.ts";
import { gateway, storeOver } from "./engine-spy.ts";

describe("group commit", () => {
  it("sends what one turn submits as one commit, and answers each by itself", async () => {
    const groups: number[] = [];
    const { store } = storeOver((engine) => ({
      commit(lists, o) {
        groups.push(lists.length);
        return engine.commit(lists, o);
      },
    }));
    await store.kv.set("taken", 0);
    const results = await Promise.allSettled(
      Array.from({ length: 500 }, (_, i) => store.kv.set(i === 250 ? "taken" : `k${i}`, i, { ifNoneMatch: "*" })),
    );
    expect(groups).toEqual([1, 500]);
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(1);
    expect(await store.kv.get("k499")).toBe(499);
  });

  it("sends no more at once than one commit may hold", async () => {
    const groups: string[][] = [];
    const { store } = storeOver((engine) => ({
      commit(lists, o) {
        groups.push(lists.map(([op]) => (op?.op === "put" ? op.key : (op?.op ?? ""))));
        return engine.commit(lists, o);
      },
    }));
    const half = "x".repeat(1024 * 1024 - 100);
    const events = Array.from({ length: 5 }, () => ({ type: "t", data: half }));
    await Promise.all([
      ...["a", "b", "c", "d"].map((key) => store.kv.set(key, half)),
      store.events.append("s", events),
      store.kv.set("e", 1),
    ]);
    expect(groups).toEqual([
      ["a", "b", "c", "d"],
      ["append", "e"],
    ]);
  });

  it("gathers what comes while a commit is in flight", async () => {
    const groups: number[] = [];
    const [begun, first] = [gateway(), gateway()];
    const { store } = storeOver((engine) => ({
      async commit(lists, o) {
        groups.push(lists.length);
        begun.open();
        if (groups.length === 1) await first.opened;
        return engine.commit(lists, o);
      },
    }));
    const sets = [store.kv.set("a", 1)];
    await begun.opened;
    for (const key of ["b", "c", "d"]) {
      sets.push(store.kv.set(key, 1));
      await Promise.resolve();
    }
    first.open();
    await Promise.all(sets);
    expect(groups).toEqual([1, 3]);
  });

  it("lets others pass a commit that waits, but nobody who writes the same", async () => {
    const groups: string[][] = [];
    const [begun, stuck] = [gateway(), gateway()];
    const { store } = storeOver((engine) => ({
      flights: 2,
      async commit(lists, o) {
        groups.push(lists.flat().map((op) => ("key" in op ? op.key : op.op)));
        begun.open();
        if (groups.length === 1) await stuck.opened;
        return engine.commit(lists, o);
      },
    }));
    const first = store.kv.set("a", 1);
    await begun.opened;
    const second = store.kv.set("a", 2);
    const other = store.kv.set("b", 1);
    await other;
    await store.kv.set("c", 1);
    expect(groups).toEqual([["a"], ["b"], ["c"]]);
    stuck.open();
    await Promise.all([first, second]);
    expect(groups.at(-1)).toEqual(["a"]);
    expect(await store.kv.get("a")).toBe(2);
  });

  it("tries each list alone when the driver refuses the group", async () => {
    const { store } = storeOver((engine) => ({
      commit(lists, o) {
        if (lists.flat().some((op) => op.op === "put" && op.key === "bad")) {
          throw new PersistError("NO_SPACE", "The disk is full.");
        }
        return engine.commit(lists, o);
      },
    }));
    const results = await Promise.allSettled([store.kv.set("a", 1), store.kv.set("bad", 1), store.kv.set("b", 1)]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await store.kv.getMany(["a", "bad", "b"])).toEqual(
      new Map([
        ["a", 1],
        ["b", 1],
      ]),
    );
  });

  it("says of an unexpected failure that it is one, with its cause and without hiding that it may have happened", async () => {
    const { store } = storeOver(() => ({
      commit() {
        throw new TypeError("oops");
      },
    }));
    const error = await store.kv.set("a", 1).catch((e) => e);
    expect(error).toMatchObject({
      code: "INTERNAL",
      outcome: "unknown",
      operation: "kv.set",
      key: "a",
      adapter: "memory",
    });
    expect(error.cause).toBeInstanceOf(TypeError);
  });
});

describe("a commit whose reply is lost", () => {
  const lostReply = (applies: boolean) =>
    storeOver((engine) => ({
      commit(lists, o) {
        if (applies) void engine.commit(lists, o);
        return lists.map(() => ({ outcome: "unknown" as const, cause: new Error("connection reset") }));
      },
    }));

  it("succeeds where its version is found", async () => {
    const { store } = lostReply(true);
    const { version } = await store.kv.set("a", 1);
    expect((await store.kv.getEntry("a"))?.version).toBe(version);
    expect(await store.kv.increment("n", 5)).toBe(5);
    expect(await store.events.append("s", { type: "t", data: 1 })).toMatchObject({
      version: 1,
      position: 1,
      duplicate: false,
    });
  });

  it("else says that it may have happened, and which version it would have", async () => {
    const { store } = lostReply(false);
    const error = await store.kv.set("a", 1).catch((e) => e);
    expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown", retryable: true });
    expect(error.version).toMatch(/^[a-z0-9]+-[a-z0-9]+$/);
    expect(error.cause).toMatchObject({ message: "connection reset" });
  });

  it("does not tell the sum that somebody else has come to meanwhile", async () => {
    const engine = createMemoryEngine(createState());
    const o = { now: 1, deadline: performance.now() + 30_000 };
    const add = (by: number): Op => ({ op: "add", space: "kv", key: "n", by, version: `v-${by}` });
    await engine.commit([[add(5)]], o);
    const busy: Engine = {
      ...engine,
      async read(space, keys, options) {
        const rows = await engine.read(space, keys, options);
        await engine.commit([[add(100)]], o);
        return rows;
      },
    };
    const call = beginCall("test", undefined, undefined);
    const ask = () => findOut(busy, [add(5)], new Error("connection reset"), call, () => 1);
    await expect(ask()).resolves.toMatchObject({ answers: [{ value: "5" }] });
    await expect(ask()).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
  });

  it("is not proved by events that may have stood there since long", async () => {
    const engine = createMemoryEngine(createState());
    const o = { now: 1, deadline: performance.now() + 30_000 };
    const append = (stream: string): Op => ({
      op: "append",
      stream,
      events: [{ id: "e", type: "t", tags: [], data: "1" }],
    });
    await engine.commit([[append("s")]], o);
    const call = beginCall("test", undefined, undefined);
    const ask = (...ops: Op[]) => findOut(engine, ops, new Error("connection reset"), call, () => 1);
    await expect(ask(append("s"))).resolves.toMatchObject({ answers: [{ appended: { version: 1, position: 1 } }] });
    const remove: Op = { op: "delete", space: "kv", key: "a", version: "v" };
    const put: Op = { op: "put", space: "kv", key: "b", value: "1", version: "w" };
    for (const other of [remove, put, append("other")]) {
      await expect(ask(append("s"), other)).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
    }
    await engine.commit([[put]], o);
    await expect(ask(append("s"), put)).resolves.toMatchObject({ answers: [{}, { value: "1" }] });
  });
});

describe("giving up", () => {
  const slow = () => {
    const [begun, gate] = [gateway(), gateway()];
    const { store } = storeOver((engine) => ({
      async commit(lists, o) {
        begun.open();
        await gate.opened;
        return engine.commit(lists, o);
      },
    }));
    return { store, begun: begun.opened, gate };
  };

  it("before it was sent means that nothing happened", async () => {
    const { store, begun, gate } = slow();
    const first = store.kv.set("a", 1);
    await begun;
    const controller = new AbortController();
    const second = store.kv.set("b", 1, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(second).rejects.toMatchObject({
      code: "ABORTED",
      outcome: "not-applied",
      cause: { message: "enough" },
    });
    gate.open();
    await first;
    expect(await store.kv.has("b")).toBe(false);
  });

  it("after it was sent means that it may have happened", async () => {
    const { store, begun, gate } = slow();
    const controller = new AbortController();
    const set = store.kv.set("a", 1, { signal: controller.signal });
    await begun;
    controller.abort();
    const error = await set.catch((e) => e);
    expect(error).toMatchObject({ code: "ABORTED", outcome: "unknown" });
    gate.open();
    await store.close();
    expect(error.version).toBeTypeOf("string");
  });

  it("at the deadline is a TIMEOUT", async () => {
    const { store, gate } = slow();
    await expect(store.kv.set("a", 1, { timeout: 5 })).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "unknown",
      retryable: true,
    });
    gate.open();
  });

  it("in the turn in which it was called means that nothing happened", async () => {
    const { store } = storeOver();
    const controller = new AbortController();
    const set = store.kv.set("a", 1, { signal: controller.signal });
    controller.abort();
    await expect(set).rejects.toMatchObject({ code: "ABORTED", outcome: "not-applied" });
    expect(await store.kv.has("a")).toBe(false);
  });
});

it("closing waits for what is in flight", async () => {
  const [begun, gate] = [gateway(), gateway()];
  const { store, engine } = storeOver((inner) => ({
    async commit(lists, o) {
      begun.open();
      await gate.opened;
      return inner.commit(lists, o);
    },
  }));
  const set = store.kv.set("a", 1);
  await begun.opened;
  const closing = store.close();
  await expect(store.kv.get("a")).rejects.toMatchObject({ code: "CLOSED" });
  gate.open();
  await Promise.all([set, closing]);
  expect(engine.read("kv", ["a"], { now: 0, deadline: 0 })).toMatchObject([{ value: "1" }]);
});
