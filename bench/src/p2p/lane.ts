/** A peer's process, seen from the suite. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ContenderName } from "./contenders.ts";
import { type Answer, type Call, callNames, type PeerCalls } from "./worker.ts";

/** Calls reject with {@link PeerFailed} where they fail, or where the process has died. */
export interface PeerLane extends PeerCalls {
  readonly name: ContenderName;
  /** Rejects when the process dies; never resolves. */
  readonly died: Promise<never>;
  /** Lets the process end, or ends it where it does not within ten seconds. */
  end(): Promise<void>;
}

/** A library has failed at what it was told to do. */
export class PeerFailed extends Error {
  override readonly name = "PeerFailed";
}

const patience = 10_000;
/** In characters: of what a process prints before it dies. */
const kept = 2000;

export async function startPeer(name: ContenderName): Promise<PeerLane> {
  const program = join(import.meta.dirname, "worker-process.ts");
  const child: ChildProcess = fork(program, [name], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let printed = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    printed = (printed + text).slice(-kept);
  });
  const exited = once(child, "exit");
  const died = exited.then(([code, signal]): never => {
    throw new PeerFailed(`${name} has died (${signal ?? code}): ${printed}`);
  });
  // Who waits for something of it hears of it; nobody else must.
  died.catch(() => undefined);

  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  child.on("message", ({ id, value, error }: Answer) => {
    if (error === undefined) waiting.get(id)?.resolve(value);
    else waiting.get(id)?.reject(new PeerFailed(`${name}: ${error}`));
    waiting.delete(id);
  });
  await Promise.race([once(child, "message"), died]);

  let ids = 0;
  const call = (called: keyof PeerCalls) => (argument: unknown) => {
    const answer = Promise.withResolvers<unknown>();
    waiting.set(++ids, answer);
    if (child.connected) child.send({ id: ids, name: called, argument } satisfies Call);
    const answered = Promise.race([answer.promise, died]);
    // It may be asked for later, or never.
    answered.catch(() => undefined);
    return answered;
  };
  return {
    ...(Object.fromEntries(callNames.map((called) => [called, call(called)])) as unknown as PeerCalls),
    name,
    died,
    async end() {
      if (child.connected) child.disconnect();
      const impatient = setTimeout(() => child.kill("SIGKILL"), patience);
      await exited;
      clearTimeout(impatient);
    },
  };
}
