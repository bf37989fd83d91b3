/** Several processes on one file. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ChangedRow } from "@cuitty/persist-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkIntegrity } from "../src/adapter.ts";
import { at, everything, makeFolder, openEngine, put } from "./engines.ts";

function start(script: string, ...args: string[]): ChildProcess {
  const file = fileURLToPath(new URL(`processes/${script}.ts`, import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", file, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
  expect(code).toBe(0);
}

describe("while another process holds the write lock", () => {
  async function hold(path: string) {
    const child = start("lock-holder", path);
    const [line] = await once(createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }), "line");
    expect(line).toBe("locked");
    return { release: () => void child.stdin?.end(), child };
  }

  test("a write waits without blocking the event loop, and then happens", async () => {
    const path = `${makeFolder()}/a.db`;
    const engine = await openEngine({ path });
    const { release } = await hold(path);
    const writing = engine.commit([[put("kv", "a", "1")]], at(1000));
    expect(writing).toBeInstanceOf(Promise);
    let settled = false;
    void Promise.resolve(writing).finally(() => {
      settled = true;
    });
    for (let turns = 0; turns < 50; turns++) {
      await wait(1);
      // Reads go on as if nothing were the matter, and at once.
      expect(engine.read("kv", ["a"], at(1000))).toEqual([undefined]);
    }
    expect(settled).toBe(false);
    release();
    expect(await writing).toMatchObject([{ outcome: "applied" }]);
    expect(await engine.read("kv", ["a"], at(1000))).toMatchObject([{ value: "1" }]);
  });

  test("a write gives up at its deadline and with its signal, and has not happened", async () => {
    const path = `${makeFolder()}/a.db`;
    const engine = await openEngine({ path });
    const { release, child } = await hold(path);
    const late = at(1000, { deadline: performance.now() + 30 });
    await expect(engine.commit([[put("kv", "a", "1")]], late)).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "not-applied",
    });
    const controller = new AbortController();
    const aborted = engine.commit([[put("kv", "a", "1")]], at(1000, { signal: controller.signal }));
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED", outcome: "not-applied" });
    release();
    await ended(child);
    expect(await engine.read("kv", ["a"], at(1000))).toEqual([undefined]);
  });
});

test("processes that open a new file at once, and count in it, lose nothing", { timeout: 60_000 }, async () => {
  const path = `${makeFolder()}/a.db`;
  await Promise.all(Array.from({ length: 4 }, () => ended(start("counter", path, "100"))));
  const engine = await openEngine({ path });
  const rows = await engine.read("kv", ["added", "swapped"], at(1000));
  expect(rows.map((row) => row?.value)).toEqual(["400", "400"]);
  const own = everything({ lower: { key: "own/", inclusive: true }, upper: { key: "own0", inclusive: false } });
  expect((await engine.scan("kv", own, at(1000))).rows).toHaveLength(400);
  expect(await checkIntegrity(path)).toEqual([]);
});

test("what other processes write wakes listeners, and the feed misses none of it", { timeout: 60_000 }, async () => {
  const path = `${makeFolder()}/a.db`;
  const engine = await openEngine({ path });
  const child = start("writer", path, "relaxed");
  const seen = new Set<string>();
  let since: string | undefined;
  const done = Promise.withResolvers<void>();
  const read = async () => {
    const changes: ChangedRow[] = [];
    for (;;) {
      const page = await engine.changes(since, 100, at(1000));
      changes.push(...page.changes);
      since = page.cursor;
      if (page.changes.length === 0) break;
    }
    for (const change of changes) seen.add(change.key);
    // Our own writes go between theirs, and draw numbers from the same sequence.
    if (changes.length > 0) await engine.commit([[put("kv", `ours-${seen.size}`, "1")]], at(1000));
    if (seen.size > 500) done.resolve();
  };
  const stop = engine.wake(() => void read().catch(done.reject));
  await done.promise;
  stop();
  child.kill("SIGKILL");
  await once(child, "exit");
  await read();
  const stored = await engine.scan("kv", everything({ limit: 100_000, keysOnly: true }), at(1000));
  // Except for the key that the last reading has written itself.
  expect(stored.rows.map((row) => row.key).filter((key) => !seen.has(key)).length).toBeLessThanOrEqual(1);
  expect(await checkIntegrity(path)).toEqual([]);
});

test.each(["full", "relaxed"] as const)(
  "what was acknowledged survives a kill: %s",
  { timeout: 60_000 },
  async (durability) => {
    for (let round = 0; round < 3; round++) {
      const path = `${makeFolder()}/a.db`;
      const child = start("writer", path, durability);
      let acknowledged = -1;
      for await (const line of createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })) {
        acknowledged = Number(line);
        if (acknowledged >= 100 + round * 37) child.kill("SIGKILL");
      }
      const engine = await openEngine({ path });
      const keys = Array.from({ length: acknowledged + 2 }, (_, n) => [`left-${n}`, `right-${n}`]).flat();
      const rows = await engine.read("kv", keys, at(1000));
      for (let n = 0; n <= acknowledged; n++) expect(rows[2 * n]?.value).toBe(String(n));
      // All of a commit or nothing, also of the one that was not acknowledged.
      for (let i = 0; i < rows.length; i += 2) expect(rows[i]?.value).toBe(rows[i + 1]?.value);
      expect(await checkIntegrity(path)).toEqual([]);
    }
  },
);
