/** A contender's process, seen from the suite. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ContenderName, Place } from "./contender.ts";
import type { Done, Task } from "./task.ts";

export const heapLimit = "--max-old-space-size=128";

export interface S3Lane {
  readonly name: ContenderName;
  /** Rejects where the process has died: of a wrong answer, or because its heap is too small. */
  run(task: Task): Promise<Done>;
  end(): Promise<void>;
}

export async function startLane(name: ContenderName, place: Place): Promise<S3Lane> {
  const program = join(import.meta.dirname, "contender-process.ts");
  const child: ChildProcess = fork(program, [name, JSON.stringify(place)], { execArgv: [heapLimit, "--expose-gc"] });
  const exited = once(child, "exit");
  const next = async () => {
    const died = exited.then(([code, signal]) => {
      throw new Error(`${name} has died (${signal ?? code})`);
    });
    const [message] = (await Promise.race([once(child, "message"), died])) as [unknown];
    return message;
  };
  await next();
  return {
    name,
    async run(task) {
      child.send(task);
      return (await next()) as Done;
    },
    async end() {
      child.disconnect();
      await exited;
    },
  };
}
