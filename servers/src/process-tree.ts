/** A process and all that it started, as the system lists them: on Linux without any program, elsewhere by `ps`. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
}

/**
 * Kills it with all its descendants, at once and without warning, as a crash does, and waits until none is left. It is
 * stopped first, so that it can neither start another one nor clean up behind those that die.
 */
export async function killTree(root: number): Promise<void> {
  signal(root, "SIGSTOP");
  const tree = [root, ...descendantsOf(root)];
  for (const pid of tree) signal(pid, "SIGKILL");
  const deadline = Date.now() + 20_000;
  for (let left = tree; left.length > 0; left = left.filter(livesAmong(livingProcesses()))) {
    if (Date.now() > deadline) throw new Error(`killed, but still there after 20 s: processes ${left.join(", ")}`);
    await delay(5);
  }
}

export function isAlive(pid: number): boolean {
  return livesAmong(livingProcesses())(pid);
}

export function descendantsOf(root: number): number[] {
  const all = livingProcesses();
  const below = (pid: number): number[] =>
    all.filter(({ parent }) => parent === pid).flatMap((child) => [child.pid, ...below(child.pid)]);
  return below(root);
}

/** Signals a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

const livesAmong = (living: readonly ListedProcess[]) => (pid: number) => living.some((one) => one.pid === pid);

/** Without those that have ended and only wait for their parent to ask how: in a container nobody may ever ask. */
function livingProcesses(): ListedProcess[] {
  const listed = process.platform === "linux" ? listFromProc() : listFromPs();
  return listed.filter(({ state }) => !/^[ZX]/.test(state)).map(({ pid, parent }) => ({ pid, parent }));
}

function listFromProc(): (ListedProcess & { state: string })[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // `pid (name) state parent …`, and the name may contain anything.
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state = "", parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [{ pid: Number(name), parent: Number(parent), state }];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

function listFromPs(): (ListedProcess & { state: string })[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => {
    const [pid, parent, state = ""] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state };
  });
}
