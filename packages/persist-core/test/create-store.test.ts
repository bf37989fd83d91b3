import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createStore, type Engine, memory, type PersistAdapter, PersistError, registerAdapter } from "../src/index.ts";

const open = (options: object) => createStore(options as never);
const table = Symbol.for("cuitty.persist.adapters/1");

afterEach(() => {
  delete (globalThis as { [table]?: unknown })[table];
});

describe("createStore", () => {
  it.each([
    [undefined, "takes its options as an object"],
    [{}, "store's name must be 1 to 64"],
    [{ name: "a/b", adapter: "memory" }, "store's name must be 1 to 64"],
    [{ name: "a", namespace: "", adapter: "memory" }, "namespace must be 1 to 64"],
    [{ name: "a", adapter: "memory", clock: 5 }, "clock must be a function"],
    [{ name: "a", adapter: 5 }, "adapter must be the name"],
    [{ name: "a", adapter: null }, "lacks get, put, delete, list"],
    [{ name: "a", adapter: { get() {}, put() {} } }, "lacks delete, list"],
    [{ name: "a", adapter: "memory", pth: "x" }, 'no option "pth"'],
    [{ name: "a", adapter: memory(), path: "x" }, 'no option "path"'],
    [{ name: "a", adapter: memory(), requires: {} }, 'Did you mean "require"?'],
    [{ name: "a", adapter: memory(), require: { isolation: "strict" } }, "require.isolation can be"],
    [{ name: "a", adapter: memory(), require: { isolated: true } }, 'Did you mean "isolation"?'],
  ])("refuses %o", async (options, message) => {
    await expect(open(options as object)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message),
    });
  });

  it("opens the adapter that is passed, and leaves it open for others", async () => {
    const adapter = memory();
    const first = await createStore({ name: "a", adapter });
    await first.kv.set("k", 1);
    await first.close();
    await using second = await createStore({ name: "a", adapter });
    expect(await second.kv.get("k")).toBe(1);
    await using other = await createStore({ name: "b", adapter });
    expect(await other.kv.get("k")).toBeUndefined();
    await using space = await createStore({ name: "a", namespace: "n", adapter });
    expect(await space.kv.get("k")).toBeUndefined();
  });

  it("is a TIMEOUT where the backend does not answer, and closes what opens after that", async () => {
    vi.useFakeTimers();
    try {
      for (const isNamed of [false, true]) {
        const { promise: answer, resolve: letOpen } = Promise.withResolvers<void>();
        const closed: string[] = [];
        const { engine: openEngine, ...rest } = memory();
        const adapter: PersistAdapter = {
          ...rest,
          async engine(scope) {
            await answer;
            const engine = (await openEngine?.(scope)) as Engine;
            return { ...engine, close: () => void closed.push("engine") };
          },
          close: async () => void closed.push("adapter"),
        };
        registerAdapter({ name: "mine", package: "mine", contract: 1, load: async () => () => adapter });
        const opening = isNamed ? open({ name: "a", adapter: "mine" }) : createStore({ name: "a", adapter });
        let error: unknown;
        opening.catch((reason: unknown) => {
          error = reason;
        });
        await vi.advanceTimersByTimeAsync(299_000);
        expect(error).toBeUndefined();
        await vi.advanceTimersByTimeAsync(1000);
        expect(error).toMatchObject({ code: "TIMEOUT", operation: "createStore", outcome: "not-applied" });
        expect(closed).toEqual([]);
        letOpen();
        await vi.waitFor(() => expect(closed).toEqual(isNamed ? ["engine", "adapter"] : ["engine"]));
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it("refuses what require asks for and the adapter has not, and closes what it opened", async () => {
    let closed = false;
    registerAdapter({
      name: "mine",
      package: "mine",
      contract: 1,
      load: async () => () => ({
        ...memory(),
        close: async () => {
          closed = true;
        },
      }),
    });
    await expect(open({ name: "a", adapter: "mine", require: { durability: "disk" } })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining('durability must be at least "disk", but the adapter "memory" has "memory"'),
    });
    expect(closed).toBe(true);
    await using store = await open({
      name: "a",
      adapter: "mine",
      require: { isolation: "atomic", writers: "process" },
    });
    expect(store.capabilities.isolation).toBe("serializable");
  });

  it("closes once, whoever asks and however often", async () => {
    let closed = 0;
    registerAdapter({
      name: "mine",
      package: "mine",
      contract: 1,
      load: async () => () => ({ ...memory(), close: async () => void closed++ }),
    });
    const store = await open({ name: "a", adapter: "mine" });
    await Promise.all([store.close(), store.close()]);
    await store[Symbol.asyncDispose]();
    expect(closed).toBe(1);
    await expect(store.records.get("a")).rejects.toMatchObject({
      code: "CLOSED",
      message: expect.stringContaining('"a" is closed'),
    });
  });

  it("carries all facades on four methods that do nothing, as in the documentation", async () => {
    const adapter: PersistAdapter = {
      async get() {},
      async put() {},
      async delete() {},
      async list() {},
    };
    await using store = await createStore({ name: "my-app", adapter });
    await store.kv.set("a", 1);
    expect(await store.kv.get("a")).toBeUndefined();
    expect(await store.records.list().toArray()).toEqual([]);
  });
});

describe("finding an adapter by name", () => {
  it.each([
    ["sqlit", 'There is no adapter "sqlit". Did you mean "sqlite"?'],
    ["__proto__", 'There is no adapter "__proto__".'],
    ["constructor", 'There is no adapter "constructor".'],
    ["redis", 'import "persist-redis"'],
    ["../evil", "There is no adapter"],
  ])("says of %s what to do", async (adapter, message) => {
    await expect(open({ name: "a", adapter })).rejects.toMatchObject({
      code: "ADAPTER_NOT_FOUND",
      message: expect.stringContaining(message),
    });
  });

  it("refuses a name that two packages claim, and says which", async () => {
    const load = async () => memory;
    registerAdapter({ name: "redis", package: "persist-redis", contract: 1, load });
    registerAdapter({ name: "redis", package: "persist-redis", contract: 1, load });
    await (await open({ name: "a", adapter: "redis" })).close();
    registerAdapter({ name: "redis", package: "@acme/persist-redis", contract: 1, load });
    await expect(open({ name: "a", adapter: "redis" })).rejects.toMatchObject({
      code: "ADAPTER_CONFLICT",
      message: expect.stringContaining("persist-redis and @acme/persist-redis"),
    });
  });

  it("refuses an adapter of another contract", async () => {
    registerAdapter({ name: "old", package: "persist-old", contract: 2 as 1, load: async () => memory });
    await expect(open({ name: "a", adapter: "old" })).rejects.toMatchObject({ code: "ADAPTER_CONFLICT" });
  });
});

describe("PersistError", () => {
  it("is told by its mark, and by its code", () => {
    const error = new PersistError("CONFLICT", "taken", { key: "k", cause: new Error("inner") });
    expect(PersistError.is(error)).toBe(true);
    expect(PersistError.is(error, "CONFLICT")).toBe(true);
    expect(PersistError.is(error, "TIMEOUT")).toBe(false);
    expect(PersistError.is(new Error("CONFLICT"))).toBe(false);
    expect(PersistError.is(null)).toBe(false);
    expect(error).toMatchObject({ retryable: true, outcome: "not-applied", key: "k" });
    expect(inspect(error)).toContain("inner");
  });
});
