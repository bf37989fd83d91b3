/** Following what other processes write. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createStore } from "@cuitty/persist-core";
import { expect, onTestFinished, test } from "vitest";
import { sqlite } from "../src/adapter.ts";
import { makeFolder } from "./engines.ts";

const count = 300;

async function open(path: string) {
  const adapter = await sqlite({ path, durability: "relaxed" });
  onTestFinished(() => adapter.close?.());
  return createStore({ name: "test", adapter });
}

function write(path: string, name: string): Promise<unknown> {
  const file = fileURLToPath(new URL("processes/store-writer.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", file, path, name, String(count)], {
    stdio: "inherit",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return once(child, "exit");
}

test("watchers tell what two other processes write, and all of it", { timeout: 60_000 }, async () => {
  const path = `${makeFolder()}/a.db`;
  const store = await open(path);
  const watcher = store.kv.watch({ prefix: "" });
  const subscription = store.events.subscribe({ stream: "log" });
  await Promise.all([watcher.ready, subscription.ready]);

  const state = new Map<string, unknown>();
  const watching = (async () => {
    for await (const change of watcher) {
      if (change.type === "put") state.set(change.key, change.value);
      else if (change.type === "delete") state.delete(change.key);
      if (state.has("one/end") && state.has("two/end")) break;
    }
  })();
  const said: unknown[] = [];
  const reading = (async () => {
    for await (const { version, data } of subscription) {
      expect(version).toBe(said.length + 1);
      said.push(data);
      if (said.length === 2 * count) break;
    }
  })();
  const writers = [write(path, "one"), write(path, "two")];
  await Promise.all([watching, reading]);
  expect((await Promise.all(writers)).map((exit) => (exit as [number])[0])).toEqual([0, 0]);

  const kept = await store.kv.list().toArray();
  expect([...state].sort()).toEqual(kept.map(({ key, value }) => [key, value]).sort());
  for (const name of ["one", "two"]) {
    const own = said.filter((data) => String(data).startsWith(name));
    expect(own).toEqual(Array.from({ length: count }, (_, n) => `${name} ${n}`));
  }
});

test("a watcher that waits keeps no process alive", { timeout: 60_000 }, async () => {
  const file = fileURLToPath(new URL("processes/watcher.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", file, `${makeFolder()}/a.db`], {
    stdio: "inherit",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(await once(child, "exit")).toEqual([0, null]);
});
