import { type ForkOptions, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { describe, expect, onTestFinished, test } from "vitest";
import { descendantsOf, isAlive } from "../src/process-tree.ts";

interface Started {
  readonly pid: number;
  readonly dir: string;
}

const program = join(import.meta.dirname, "starter.ts");
const nobody = { uid: 65534, gid: 65534 };

/** A process of its own that starts a server, and ends by `way` when it is told to. */
function forkStarter(way: string, options: ForkOptions = {}) {
  const env = { ...process.env, PERSIST_TEST_PG_URL: "", ...options.env };
  const child = fork(program, [way], { ...options, execArgv: [], env });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function startedBy(child: ReturnType<typeof fork>): Promise<Started> {
  const [started] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [Started];
  expect(started).toMatchObject({ pid: expect.any(Number) });
  return started;
}

async function areGone(processes: readonly number[]) {
  await expect.poll(() => processes.filter(isAlive), { timeout: 30_000 }).toEqual([]);
}

describe.skipIf(mayBeMissing(() => findPostgres()))("a server goes with the process that started it", () => {
  test("which is killed", async () => {
    const child = forkStarter("stay");
    const { pid, dir } = await startedBy(child);
    const processes = [pid, ...descendantsOf(pid)];
    expect(processes.length).toBeGreaterThan(3);
    child.kill("SIGKILL");
    await areGone(processes);
    await expect.poll(() => existsSync(dir)).toBe(false);
  });

  test.each([
    ["which has nothing more to do", "end", 0],
    ["which throws", "throw", 1],
  ])("%s", async (_, way, code) => {
    const child = forkStarter(way, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    const { pid, dir } = await startedBy(child);
    const ended = once(child, "exit");
    child.send("go");
    expect(await ended).toEqual([code, null]);
    await areGone([pid]);
    await expect.poll(() => existsSync(dir)).toBe(false);
  });

  test("which is killed while the server is being made", async () => {
    const folder = mkdtempSync(join(tmpdir(), "persist-servers-"));
    chmodSync(folder, 0o755);
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const child = forkStarter("stay", { env: { TMPDIR: folder } });
    const started = () => descendantsOf(Number(child.pid));
    await expect.poll(() => started().length, { timeout: 30_000, interval: 5 }).toBeGreaterThan(1);
    const processes = started();
    child.kill("SIGKILL");
    await areGone(processes);
    expect(readdirSync(folder)).toEqual([]);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(!isRoot)("which is not root's (needs root)", async (context) => {
    if (spawnSync(process.execPath, ["--check", program], nobody).status !== 0) {
      console.warn("SKIPPED: nobody but root can enter this folder");
      return context.skip("nobody but root can enter this folder");
    }
    const child = forkStarter("stay", nobody);
    const { pid, dir } = await startedBy(child);
    child.kill("SIGKILL");
    await areGone([pid]);
    await expect.poll(() => existsSync(dir)).toBe(false);
  });
});
