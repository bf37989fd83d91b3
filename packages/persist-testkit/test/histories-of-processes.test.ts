// Many processes on one file of SQLite, one of which is killed midway: what all of them were told fits together.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createStore } from "@cuitty/persist-core";
import { checkIntegrity, sqlite } from "@cuitty/persist-sqlite/adapter";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Call } from "../src/history/call.ts";
import { type AppendCall, checkEventOrder, type ReadCall } from "../src/history/event-order.ts";
import { checkLinearizable } from "../src/history/linearizable.ts";

const processes = 4;
const clients = 4;
const operations = 20_000;
const program = fileURLToPath(new URL("processes/history-client.ts", import.meta.url));

interface Client {
  readonly child: ChildProcess;
  readonly journal: string;
}

function start(folder: string, kind: string, seed: number, n: number): Client {
  const journal = join(folder, `journal-${n}`);
  const share = String(operations / processes);
  const args = [join(folder, "a.db"), journal, kind, String(seed + 1000 * n), share, String(clients), `p${n}`];
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", program, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, journal };
}

/** Runs all processes to their end, but for the first, which is killed in the middle of its work. Answers the journals. */
async function run(folder: string, kind: string, seed: number, kills: boolean): Promise<[id: string, call: unknown][]> {
  const all = Array.from({ length: processes }, (_, n) => start(folder, kind, seed, n));
  const ends = all.map(({ child }) => once(child, "exit"));
  await Promise.all(all.map(({ child }) => once(child.stdout as NonNullable<typeof child.stdout>, "data")));
  for (const { child } of all) child.stdin?.write("go\n");
  const [first] = all as [Client];
  if (kills) {
    const isHalfway = () => readFileSync(first.journal, "utf8").split("\n").length > operations / processes;
    while (!isHalfway()) await wait(5);
    first.child.kill("SIGKILL");
  }
  const codes = (await Promise.all(ends)).map(([code]) => code as number | null);
  expect(codes).toEqual([kills ? null : 0, 0, 0, 0]);
  return all.flatMap(({ journal }) =>
    readFileSync(journal, "utf8")
      .split("\n")
      .slice(0, -1) // what comes after the last newline is nothing, or was cut off by the kill
      .map((line) => JSON.parse(line)),
  );
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "persist-histories-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe.each([
  ["none of which is killed", false],
  ["one of which is killed", true],
])("of four processes, %s,", (_, kills) => {
  const seed = Math.trunc(Math.random() * 2 ** 31);

  test.each(["kv", "records"])(`the calls on %s fit together (seed ${seed})`, { timeout: 300_000 }, async (kind) => {
    const folder = makeFolder();
    // A call that is over stands behind its own beginning; one that was cut off has a beginning only.
    const calls = [...new Map(await run(folder, kind, seed, kills)).values()] as Call[];
    expect(checkLinearizable(calls)).toMatchObject({ linearizable: true });
    const swaps = calls.filter(({ action }) => action.do === "compareAndSet" && action.applied === true);
    expect(swaps.length).toBeGreaterThan(500);
    expect(calls.length).toBeGreaterThanOrEqual(kills ? operations * 0.75 : operations);
    expect(await checkIntegrity(join(folder, "a.db"))).toEqual([]);
  });

  test(`the events fit together (seed ${seed})`, { timeout: 300_000 }, async () => {
    const folder = makeFolder();
    const journal = await run(folder, "events", seed, kills);
    const reads = journal.filter(([id]) => id === "read").map(([, read]) => read as ReadCall);
    const appends = [...new Map(journal.filter(([id]) => id !== "read")).values()] as AppendCall[];
    const adapter = await sqlite({ path: join(folder, "a.db") });
    const store = await createStore({ name: "histories", adapter });
    const log = await store.events.readAll().toArray({ max: 1_000_000 });
    await store.close();
    await adapter.close?.();
    expect(checkEventOrder(log, appends, reads)).toEqual([]);
    expect(appends.length + reads.length).toBeGreaterThanOrEqual(kills ? operations * 0.75 : operations);
  });
});
