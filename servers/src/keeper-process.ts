/**
 * The program of a keeper: the parent of one server. It ends the server and removes its folder as soon as the process
 * that started the keeper is gone, in whatever way: the channel between them closes then.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Answers, Asked, Command, Request, Told } from "./keeper-protocol.ts";
import { killTree } from "./process-tree.ts";

/** A server that has not ended by then is killed. */
const patience = 10_000;

interface Running {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly ending: NodeJS.Signals;
  readonly ended: Promise<void>;
}

let folder: string | undefined;
let running: Running | undefined;
/** What runs to its end by itself, also where the keeper is to end: killed, it would leave its shared memory behind. */
const errands = new Map<ChildProcess, Promise<void>>();

process.on("message", (request: Asked) => void answer(request));
process.on("disconnect", () => void end().finally(() => process.exit()));

async function answer(request: Asked): Promise<void> {
  const { id } = request;
  try {
    tell({ id, answer: await perform(request) });
  } catch (error) {
    tell({ id, failure: error instanceof Error ? error.message : String(error) });
  }
}

function tell(message: Told): void {
  if (process.connected) process.send?.(message);
}

async function perform(request: Request): Promise<Answers[Request["what"]]> {
  switch (request.what) {
    case "begin":
      folder = mkdtempSync(join(tmpdir(), request.prefix));
      return { folder };
    case "own":
      chownSync(theFolder(), request.owner.uid, request.owner.gid);
      return null;
    case "run":
      return await run(request.command);
    case "start":
      running = await start(request.command, request.ending);
      return { pid: running.pid };
    case "stop":
      await stop(request.signal);
      return null;
    case "kill":
      if (running !== undefined) await Promise.all([killTree(running.pid), running.ended]);
      return null;
    case "end":
      await end();
      return null;
  }
}

function run(command: Command): Promise<Answers["run"]> {
  const child = spawn(command.file, command.args, { ...ownerOf(command), stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const result = new Promise<Answers["run"]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, output }));
  });
  const forget = () => void errands.delete(child);
  errands.set(child, result.then(forget, forget));
  return result;
}

function start(command: Command, ending: NodeJS.Signals): Promise<Running> {
  const log = openSync(join(theFolder(), "log"), "a");
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, { ...ownerOf(command), stdio: ["ignore", log, log] });
    closeSync(log);
    child.on("error", reject);
    child.on("spawn", () => {
      const pid = child.pid as number;
      const ended = new Promise<void>((done) => {
        child.on("exit", (code, signal) => {
          running = undefined;
          tell({ ended: signal ?? `code ${code}` });
          done();
        });
      });
      resolve({ process: child, pid, ending, ended });
    });
  });
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  if (running === undefined) return;
  const { process: child, pid, ended } = running;
  child.kill(signal);
  await endOf(pid, ended);
}

/** Waits for it, and kills it where that takes too long. */
async function endOf(pid: number, ended: Promise<void>): Promise<void> {
  const inTime = await Promise.race([ended.then(() => true), delay(patience, false, { ref: false })]);
  if (!inTime) await Promise.all([killTree(pid), ended]);
}

async function end(): Promise<void> {
  try {
    await Promise.all([...errands].map(([{ pid }, done]) => pid !== undefined && endOf(pid, done)));
    if (running !== undefined) await stop(running.ending);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function theFolder(): string {
  if (folder === undefined) throw new Error("the keeper was asked for something before it was asked to begin");
  return folder;
}

function ownerOf({ owner, env }: Command) {
  return { env, cwd: theFolder(), ...owner };
}
