/** One consumer's name in several processes, of which the one that works is killed again and again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createStore } from "@cuitty/persist-core";
import { expect, onTestFinished, test } from "vitest";
import { sqlite } from "../src/adapter.ts";
import { makeFolder } from "./engines.ts";

interface Worker {
  readonly child: ChildProcess;
  readonly handled: number[];
}

function start(path: string, origin: number): Worker {
  const file = fileURLToPath(new URL("processes/consumer.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", file, path, String(origin)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const handled: number[] = [];
  createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on("line", (line) => {
    handled.push(Number(line));
  });
  return { child, handled };
}

test("every event is handled, in order, while owners are killed", { timeout: 120_000 }, async () => {
  const path = `${makeFolder()}/a.db`;
  const adapter = await sqlite({ path, durability: "relaxed" });
  onTestFinished(() => adapter.close?.());
  const store = await createStore({ name: "test", adapter });
  onTestFinished(() => store.close());
  const total = 600;
  const origin = Date.now();
  const workers = [start(path, origin), start(path, origin), start(path, origin)];
  const all = () => workers.flatMap(({ handled }) => handled);
  const appending = (async () => {
    for (let i = 0; i < total; i += 10) {
      await store.events.append(
        "s",
        Array.from({ length: 10 }, (_, n) => ({ type: "t", data: i + n })),
      );
      await new Promise(setImmediate);
    }
  })();

  const killed = new Set<Worker>();
  for (const share of [0.2, 0.5]) {
    const ahead = () => workers.find(({ handled }) => (handled.at(-1) ?? 0) > total * share);
    await expect.poll(ahead, { timeout: 60_000 }).toBeDefined();
    const owner = ahead() as Worker;
    owner.child.kill("SIGKILL");
    await once(owner.child, "exit");
    killed.add(owner);
    workers.push(start(path, origin));
  }
  await appending;
  await expect.poll(() => Math.max(0, ...all()), { timeout: 60_000 }).toBe(total);
  for (const worker of workers) {
    if (killed.has(worker)) continue;
    worker.child.stdin?.end();
    const [code] = await once(worker.child, "exit");
    expect(code).toBe(0);
  }

  expect([...new Set(all())].sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
  for (const { handled } of workers) expect(handled).toEqual([...handled].sort((a, b) => a - b));
});
