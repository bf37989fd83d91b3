/** A follower, seen from the process that kills it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { quickly } from "./start-quickly.ts";

export interface FollowerProcess {
  /** What it has, by now. */
  digest(): Promise<string>;
  /** Resolves when it is dead. */
  kill(): Promise<void>;
  /** Lets it close its store, and end. */
  stop(): Promise<void>;
  /** What it wrote to stderr. */
  complaint(): string | undefined;
}

const program = join(import.meta.dirname, "follower.ts");

/** Resolves when its store is open. */
export async function startFollower(location: string, peer: string): Promise<FollowerProcess> {
  const child = spawn(process.execPath, [...process.execArgv, program, location, peer], { env: quickly });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  // That it is gone is told by its exit.
  child.stdin.on("error", () => undefined);
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${peer} has ended: ${complaint || "it said nothing"}`);
    return line.value;
  };
  await nextLine();

  return {
    digest() {
      child.stdin.write("\n");
      return nextLine();
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
    complaint: () => complaint || undefined,
  };
}
