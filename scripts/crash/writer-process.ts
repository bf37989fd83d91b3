/** A writer, seen from the process that kills it. */
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Assignment } from "./assignment.ts";
import { type Message, readJournal } from "./journal.ts";
import { quickly } from "./start-quickly.ts";

export interface WriterProcess {
  /** Resolves when all its code is loaded: from then on it needs no more time than its work. Rejects where that fails. */
  readonly ready: Promise<void>;
  begin(assignment: Assignment, onMessage: (message: Message) => void): void;
  /** Asks it to finish what it has begun. */
  stop(): void;
  kill(): void;
  /** Resolves when none of its threads runs any more. Linux only. */
  freeze(): Promise<void>;
  /** Resolves when it is dead and has been listened to until its end: with how it came to that. */
  readonly ended: Promise<Ending>;
}

export interface Ending {
  /** By a signal. */
  readonly killed: boolean;
  /** What it wrote to stderr, or an exit code that is not 0. */
  readonly complaint: string | undefined;
}

const program = join(import.meta.dirname, "writer.ts");

export function startWriter(target: string): WriterProcess {
  const child = spawn(process.execPath, [...process.execArgv, program, target], {
    stdio: ["pipe", "ignore", "pipe", "pipe"],
    env: quickly,
  });
  const [stdin, , stderr, journal] = child.stdio as unknown as [Writable, null, Readable, Readable];
  // Its end is told by `ended`; what is still on its way to it then is of no interest.
  stdin.on("error", () => undefined);

  const { promise: ready, resolve: onReady, reject: onFailedStart } = Promise.withResolvers<void>();
  // Heard by who takes it; until then nobody listens.
  ready.catch(() => undefined);
  let listener: ((message: Message) => void) | undefined;
  const heard = readJournal(journal, (message) => {
    if (message[0] === "ready") onReady();
    else listener?.(message);
  });

  let complaint = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const closed = new Promise<Ending>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === null && code !== 0) complaint ||= `exit code ${code}`;
      onFailedStart(new Error(`a writer could not start: ${complaint}`));
      resolve({ killed: signal !== null, complaint: complaint || undefined });
    });
  });

  return {
    ready,
    begin(assignment, onMessage) {
      listener = onMessage;
      stdin.write(`${JSON.stringify(assignment)}\n`);
    },
    stop: () => stdin.end(),
    kill: () => child.kill("SIGKILL"),
    async freeze() {
      child.kill("SIGSTOP");
      while (!(await isStopped(child.pid as number))) await pause(1);
    },
    ended: heard.then(() => closed),
  };
}

async function isStopped(pid: number): Promise<boolean> {
  const tasks = `/proc/${pid}/task`;
  const states = await Promise.all(
    (await readdir(tasks)).map(async (task) => (await readFile(join(tasks, task, "stat"), "utf8")).split(") ")[1]?.[0]),
  );
  return states.every((state) => state === "T");
}

export interface WriterPool {
  take(): Promise<WriterProcess>;
  /** Ends those that nobody took. */
  end(): Promise<void>;
}

/** Starts writers ahead, because loading takes longer than many a round. */
export function createWriterPool(target: string, ahead: number): WriterPool {
  const waiting: WriterProcess[] = [];
  const fill = () => {
    while (waiting.length <= ahead) waiting.push(startWriter(target));
  };
  return {
    async take() {
      fill();
      const writer = waiting.shift() as WriterProcess;
      await writer.ready;
      return writer;
    },
    async end() {
      for (const writer of waiting) writer.kill();
      await Promise.all(waiting.map((writer) => writer.ended));
    },
  };
}
