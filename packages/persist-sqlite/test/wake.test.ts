import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { sqlite } from "../src/adapter.ts";
import { at, makeFolder, openEngine, put, scope } from "./engines.ts";

const turn = () => new Promise(setImmediate);

test("wakes all engines of the connection, once for what was committed in one turn", async () => {
  const adapter = await sqlite({ path: ":memory:" });
  onTestFinished(() => adapter.close?.());
  const [one, two] = await Promise.all(["", "two"].map((namespace) => adapter.engine?.({ ...scope, namespace })));
  const woken = { one: 0, two: 0 };
  one?.wake(() => woken.one++);
  const stop = two?.wake(() => woken.two++);
  for (let i = 0; i < 5; i++) await one?.commit([[put("kv", "a", "1")]], at(1000));
  await turn();
  expect(woken).toEqual({ one: 1, two: 1 });
  stop?.();
  await one?.commit([[put("kv", "a", "1")]], at(1000));
  await turn();
  expect(woken).toEqual({ one: 2, two: 1 });
});

test("does not wake for what was not applied", async () => {
  const engine = await openEngine();
  let woken = 0;
  engine.wake(() => woken++);
  await engine.commit([[put("kv", "a", "1", { ifVersion: "none" })]], at(1000));
  await turn();
  expect(woken).toBe(0);
});

test("wakes for what another connection writes, each time", async () => {
  const path = `${makeFolder()}/a.db`;
  const [engine, other] = [await openEngine({ path }), await openEngine({ path })];
  let woken = 0;
  engine.wake(() => woken++);
  await expect.poll(() => woken).toBe(1); // the first look: who knows what happened before
  for (const count of [2, 3]) {
    await other.commit([[put("kv", "a", "1")]], at(1000));
    await expect.poll(() => woken).toBe(count);
  }
});

test("listening does not keep a process alive", () => {
  const script = fileURLToPath(new URL("processes/listener.ts", import.meta.url));
  const { status } = spawnSync(process.execPath, ["--conditions=@cuitty/source", script, `${makeFolder()}/a.db`], {
    timeout: 30_000,
  });
  expect(status).toBe(0);
});
