/** What becomes of watching where the connection that listens does not hold. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createStore, type Store } from "@cuitty/persist-core";
import { startProxy, type Proxy as Wire } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgres } from "../src/adapter.ts";
import { createConnection } from "../src/connection.ts";
import type { Login } from "../src/driver.ts";
import { createListener } from "../src/listener.ts";
import { locksOf } from "../src/lock-numbers.ts";
import { parseOptions } from "../src/options.ts";
import { createPool } from "../src/pool.ts";
import { openSession } from "../src/session.ts";
import { createWake } from "../src/wake.ts";
import { connect, feedOf, openAt, put } from "./feed-reader.ts";

const database = useDatabase();

async function open(url: string): Promise<Store> {
  const store = await createStore({ name: "watched", adapter: await postgres({ url }) });
  onTestFinished(() => store.close());
  return store;
}

async function proxied(): Promise<Wire> {
  const proxy = await startProxy(Number(new URL(database.url).port));
  onTestFinished(() => proxy.close());
  return proxy;
}

const listening = () => connect(database.url)`
  select from pg_stat_activity where datname = current_database() and query like 'listen %'`;

test("what another process writes while the way to the server is cut arrives once it is healed: all, in order, once", async () => {
  const proxy = await proxied();
  const [reading, writing] = [await open(proxy.through(database.url)), await open(database.url)];
  const watcher = reading.changes();
  await watcher.ready;
  const changes = watcher[Symbol.asyncIterator]();
  const first = changes.next();
  await vi.waitFor(async () => expect(await listening()).toHaveLength(1), { timeout: 20_000 });
  await writing.kv.set("before", 0);
  expect(await first).toMatchObject({ value: { key: "before" } });

  const next = changes.next();
  await vi.waitFor(async () => expect(await listening()).toHaveLength(1), { timeout: 20_000 });
  proxy.refuse();
  proxy.cut();
  await vi.waitFor(async () => expect([proxy.connections.open, await listening()]).toEqual([0, []]), {
    timeout: 20_000,
  });
  for (let i = 0; i < 100; i++) await writing.kv.set(`k${i}`, i);
  await proxy.accept();

  const told = [(await next).value?.key];
  while (told.length < 100) told.push((await changes.next()).value?.key);
  expect(told).toEqual(Array.from({ length: 100 }, (_, i) => `k${i}`));
  await writing.kv.set("after", 0);
  expect(await changes.next()).toMatchObject({ value: { key: "after" } });
});

test("where the connection that listens has become silent, changes are looked for, and it is made anew", async () => {
  const proxy = await proxied();
  const other = await openAt({ url: database.url });
  const feed = await feedOf(other.connection, "silence");
  const { login } = parseOptions({ url: database.url, timeouts: { connect: 500 } }).server as { login: Login };
  const limits = { statementTimeout: 60_000 };
  const pool = createPool({ max: 2, open: (events) => openSession(login, limits, events) });
  const listener = createListener(
    (events) => openSession({ ...login, port: proxy.port }, limits, events),
    other.connection.locks,
  );
  const { schema, place } = other.connection;
  const heard: string[] = [];
  const listen: typeof listener.listen = (channel, onNotify) =>
    listener.listen(channel, (payload) => {
      if (payload !== undefined) heard.push(payload);
      onNotify(payload);
    });
  const wake = createWake(
    createConnection({ pool, listener: { ...listener, listen }, schema, place, locks: locksOf("persist") }),
  );
  onTestFinished(async () => {
    await wake.close();
    await Promise.all([pool.close(), listener.close()]);
  });
  const onWake = vi.fn();
  wake.listen(feed.scope, onWake);
  const isWokenBy = async (write: () => Promise<void>) => {
    onWake.mockClear();
    await write();
    await vi.waitFor(() => expect(onWake).toHaveBeenCalled(), { timeout: 20_000 });
  };
  const written = async () => {
    await feed.commit(put("key", "1"));
    other.wake.notify(feed.scope);
  };
  await isWokenBy(written);
  await vi.waitFor(() => expect(heard).not.toEqual([]), { timeout: 20_000 });

  const { accepted } = proxy.connections;
  proxy.blackHole();
  wake.notify(0); // a word of our own, which is not heard
  await vi.waitFor(() => expect(proxy.connections.accepted).toBeGreaterThan(accepted), { timeout: 20_000 });
  const words = heard.length;
  await isWokenBy(written);
  expect(heard).toHaveLength(words);

  proxy.heal();
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(words), { timeout: 20_000 });
  await isWokenBy(written);
});

test("watching keeps no process alive", async () => {
  const file = fileURLToPath(new URL("processes/watcher.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", "--no-warnings", file, database.url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("watching");
  const writing = await open(database.url);
  await writing.kv.set("key", 1);
  expect(JSON.parse((await lines.next()).value ?? "")).toMatchObject({ key: "key", value: 1 });
  expect(await ended).toEqual([0, null]);
});
