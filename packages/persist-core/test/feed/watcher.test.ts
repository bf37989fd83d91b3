import { expect, test } from "vitest";
import type { Engine } from "../../src/contract.ts";
import { PersistError } from "../../src/errors.ts";
import { storeOver } from "../engine-spy.ts";

/** A store whose feed fails in this way the next so many times. */
function failing(error: PersistError) {
  const failures = { left: 0, met: 0 };
  const { store } = storeOver((engine) => ({
    changes(...args) {
      if (failures.left > 0) {
        failures.left--;
        failures.met++;
        throw error;
      }
      return engine.changes(...args);
    },
  }));
  return { store, failures };
}

/** A store, and how many listen to its engine. */
function counted() {
  let listeners = 0;
  const { store } = storeOver((engine: Engine) => ({
    wake(onWake) {
      listeners++;
      const stop = engine.wake(onWake);
      return () => {
        listeners--;
        stop();
      };
    },
  }));
  return { store, listeners: () => listeners };
}

test("what may pass is waited out, and nothing is missed", async () => {
  const { store, failures } = failing(new PersistError("UNAVAILABLE", "gone for a moment"));
  const watcher = store.kv.watch({ prefix: "" });
  await watcher.ready;
  failures.left = 3;
  const iterator = watcher[Symbol.asyncIterator]();
  const next = iterator.next();
  await store.kv.set("k", 1);
  expect(await next).toMatchObject({ done: false, value: { type: "put", key: "k", value: 1 } });
  expect(failures.met).toBe(3);
  await store.close();
});

test("a watcher that cannot begin yet begins when it can", async () => {
  let down = true;
  const { store } = storeOver((engine) => ({
    latest(o) {
      if (down) throw new PersistError("UNAVAILABLE", "gone for a moment");
      return engine.latest(o);
    },
  }));
  const watcher = store.changes();
  await store.kv.set("before", 1);
  down = false;
  await watcher.ready;
  await store.kv.set("after", 1);
  expect(await watcher[Symbol.asyncIterator]().next()).toMatchObject({ value: { key: "after" } });
  await store.close();
});

test("any other error ends the watcher, and is thrown once", async () => {
  const { store, failures } = failing(new PersistError("CORRUPT", "not what was stored"));
  const iterator = store.changes()[Symbol.asyncIterator]();
  failures.left = 1;
  await expect(iterator.next()).rejects.toMatchObject({ code: "CORRUPT", operation: "changes" });
  await store.kv.set("k", 1);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test("who only catches up is told of every error", async () => {
  const { store, failures } = failing(new PersistError("UNAVAILABLE", "gone for a moment"));
  failures.left = 1;
  await expect(Array.fromAsync(store.changes({ live: false }))).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("only while somebody waits does a watcher listen", async () => {
  const { store, listeners } = counted();
  await store.kv.set("a", 1);
  const watcher = store.kv.watch({ prefix: "" }, { initial: true });
  await watcher.ready;
  expect(listeners()).toBe(0);
  const iterator = watcher[Symbol.asyncIterator]();
  await iterator.next();
  expect(listeners()).toBe(0);
  const waiting = [iterator.next(), iterator.next()];
  await expect.poll(listeners).toBe(1);
  await watcher.close();
  expect(await Promise.all(waiting)).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
  expect(listeners()).toBe(0);
});

test("what waits ends with its store, also while it pauses after a failure", async () => {
  const { store, failures } = failing(new PersistError("UNAVAILABLE", "gone for long"));
  failures.left = Number.POSITIVE_INFINITY;
  const next = store.changes()[Symbol.asyncIterator]().next();
  await expect.poll(() => failures.met).toBeGreaterThan(1);
  await store.close();
  expect(await next).toEqual({ done: true, value: undefined });
});

test("a lost wake delays what comes, and loses nothing", async () => {
  const { store } = storeOver(() => ({ wake: () => () => undefined }));
  const watcher = store.events.subscribe();
  await watcher.ready;
  const next = watcher[Symbol.asyncIterator]().next();
  await store.events.append("s", { type: "t", data: 1 });
  expect(await next).toMatchObject({ value: { position: 1 } });
  await store.close();
});

test("watchers of one store sweep together, and not at each change", async () => {
  let sweeps = 0;
  const { store } = storeOver((engine) => ({
    sweep(o) {
      sweeps++;
      return engine.sweep(o);
    },
  }));
  const iterators = Array.from({ length: 5 }, () => store.changes()[Symbol.asyncIterator]());
  for (let i = 0; i < 50; i++) {
    const waiting = iterators.map((iterator) => iterator.next());
    await store.kv.set(`k${i}`, i);
    await Promise.all(waiting);
  }
  expect(sweeps).toBe(1);
  await store.close();
});
