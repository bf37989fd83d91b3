/** Starts a server that does not outlive the process which started it, however that one ends. */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Answers, Command, Request, Told } from "./keeper-protocol.ts";

export interface Keeper {
  /** Absolute path of a folder for the server's files. It is removed with the keeper. */
  readonly folder: string;
  /** Gives the folder to whom the server runs as. */
  own(owner: { readonly uid: number; readonly gid: number }): Promise<null>;
  /** Runs a program to its end. */
  run(command: Command): Promise<Answers["run"]>;
  /** Starts the server; what it prints is added to the log. `ending` is the signal that ends it soon. */
  start(command: Command, ending: NodeJS.Signals): Promise<Answers["start"]>;
  /** Signals the server and waits for its end; kills it where that takes more than 10 s. */
  stop(signal: NodeJS.Signals): Promise<null>;
  /** Kills the server with all that it started, and waits until nothing of it is left. */
  kill(): Promise<null>;
  /** Ends the server, removes the folder, and ends the keeper. */
  end(): Promise<void>;
  /** How the server has ended; `undefined` while it runs. */
  ended(): string | undefined;
  /** What the server has printed since the keeper began, also after its end. */
  log(): string;
}

/** @param name - What the folder's name begins with. */
export async function startKeeper(name: string): Promise<Keeper> {
  // A session of its own: Ctrl-C in a terminal ends the process that asked, and its keeper then ends the server.
  const child = fork(join(import.meta.dirname, "keeper-process.ts"), [], {
    execArgv: [],
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const pending = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>();
  let count = 0;
  let ended: string | undefined;

  /** The keeper keeps nobody from ending, but whoever waits for its answer is to get it. */
  const holdOpen = () => {
    child[pending.size > 0 ? "ref" : "unref"]();
    child.channel?.[pending.size > 0 ? "ref" : "unref"]();
  };
  const settle = (id: number) => {
    const asked = pending.get(id);
    pending.delete(id);
    holdOpen();
    return asked;
  };
  const ask = <W extends Request["what"]>(request: Request & { what: W }): Promise<Answers[W]> =>
    new Promise((resolve, reject) => {
      count += 1;
      const id = count;
      pending.set(id, { resolve, reject });
      holdOpen();
      child.send({ ...request, id }, (error) => {
        if (error !== null) settle(id)?.reject(error);
      });
    });

  child.on("message", (message: Told) => {
    if ("ended" in message) ended = message.ended;
    else if ("failure" in message) settle(message.id)?.reject(new Error(message.failure));
    else settle(message.id)?.resolve(message.answer as never);
  });
  const giveUp = (why: string) => {
    ended ??= `its keeper has ended: ${why}`;
    for (const id of [...pending.keys()]) settle(id)?.reject(new Error(`The server's keeper has ended: ${why}`));
  };
  child.on("error", ({ message }) => giveUp(message));
  child.on("exit", (code, signal) => giveUp(signal ?? `code ${code}`));

  const { folder } = await ask({ what: "begin", prefix: `${name}-` });
  const readLog = () => {
    try {
      return readFileSync(join(folder, "log"), "utf8");
    } catch {
      return ""; // Nothing has been started yet, or the folder was removed by somebody else.
    }
  };
  let closing: Promise<void> | undefined;
  let lastLog: string | undefined;
  const end = async () => {
    lastLog = readLog();
    if (child.exitCode !== null || child.signalCode !== null) return;
    await ask({ what: "end" });
    child.disconnect();
  };

  return {
    folder,
    own: (owner) => ask({ what: "own", owner }),
    run: (command) => ask({ what: "run", command }),
    start(command, ending) {
      ended = undefined;
      return ask({ what: "start", command, ending });
    },
    stop: (signal) => ask({ what: "stop", signal }),
    kill: () => ask({ what: "kill" }),
    end() {
      closing ??= end();
      return closing;
    },
    ended: () => ended,
    log: () => lastLog ?? readLog(),
  };
}
