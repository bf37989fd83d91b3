/** Stores on this adapter, each in a process of its own on loopback, seen from the test. All end with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { P2pOptions } from "../../src/options.ts";

export interface Write {
  readonly do: "write";
  readonly name: string;
  readonly first: number;
  /** Milliseconds between two writes: who writes as fast as it can leaves the others no time on a small machine. */
  readonly breather: number;
}

export type Command =
  | Write
  | { readonly do: "rest" | "digest" | "keys" | "events" | "status" | "close" }
  | { readonly do: "set"; readonly key: string; readonly value: unknown }
  | { readonly do: "get"; readonly key: string }
  | { readonly do: "put-blob"; readonly key: string; readonly size: number }
  | { readonly do: "append"; readonly id: string };

export type Message =
  | { readonly open: true }
  | { readonly done: number }
  | { readonly told: "refused" | "clock-skew" }
  | { readonly id: number; readonly answer?: unknown; readonly error?: string };

export interface Status {
  readonly discovery: string;
  readonly listening: readonly string[];
  readonly linked: number;
  /** Over which addresses. */
  readonly over: readonly string[];
  /** How many of those have the same. */
  readonly inSync: number;
  /** Of the process, in bytes. */
  readonly memory: number;
}

export interface StoreProcess {
  /** Where others reach it. Waits until it is in the network. */
  address(): Promise<string>;
  ask<T>(command: Command): Promise<T>;
  /** Writes on until it is told to rest, or killed. */
  write(name: string, o?: Partial<Pick<Write, "first" | "breather">>): Promise<void>;
  /** The last number that it has said to have written; -1: none. */
  written(): number;
  /** What it was told by the store, in order. */
  readonly told: readonly string[];
  kill(): Promise<void>;
  close(): Promise<void>;
}

export const secret = "a secret of more than sixteen bytes";
const program = join(import.meta.dirname, "store-process.ts");

export interface ProcessOptions {
  /** Loaded before everything else. */
  readonly modules?: readonly string[];
  /** The network namespace that it runs in. Default: this one. */
  readonly namespace?: string;
}

/** On loopback, where the options do not say otherwise. */
export async function startStore(
  given: P2pOptions & Required<Pick<P2pOptions, "path" | "discovery">>,
  { modules = [], namespace }: ProcessOptions = {},
): Promise<StoreProcess> {
  const options = { listen: ["/ip4/127.0.0.1/tcp/0"], secret, durability: "relaxed", ...given };
  const imports = modules.map((module) => `--import=${module}`);
  const node = [process.execPath, "--conditions=@cuitty/source", ...imports, program, JSON.stringify(options)];
  // The command ip becomes the program that it starts.
  const [command = "", ...args] = namespace === undefined ? node : ["ip", "netns", "exec", namespace, ...node];
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = once(child, "exit");
  const opened = Promise.withResolvers<void>();
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const told: string[] = [];
  let asked = 0;
  let written = -1;

  child.on("message", (message: Message) => {
    if ("open" in message) opened.resolve();
    else if ("done" in message) written = message.done;
    else if ("told" in message) told.push(message.told);
    else if (message.error === undefined) waiting.get(message.id)?.resolve(message.answer);
    else waiting.get(message.id)?.reject(new Error(message.error));
  });
  void ended.then(([code]) => {
    const gone = new Error(`the process has ended (${code})`);
    opened.reject(gone);
    for (const one of waiting.values()) one.reject(gone);
  });

  const end = async (signal: "SIGKILL" | "SIGTERM") => {
    child.kill(signal);
    await ended;
  };
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) await end("SIGKILL");
  });
  await opened.promise;

  const ask = <T>(command: Command): Promise<T> => {
    const answer = Promise.withResolvers<unknown>();
    answer.promise.catch(() => undefined); // whoever asked hears of it
    waiting.set(++asked, answer);
    child.send({ id: asked, command }, (error) => {
      if (error !== null) answer.reject(error);
    });
    return answer.promise as Promise<T>;
  };

  return {
    ask,
    async address() {
      for (;;) {
        const { listening } = await ask<Status>({ do: "status" });
        if (listening[0] !== undefined) return listening[0];
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    write(name, { first = 0, breather = 50 } = {}) {
      written = first - 1;
      return ask({ do: "write", name, first, breather });
    },
    written: () => written,
    told,
    kill: () => end("SIGKILL"),
    async close() {
      await ask({ do: "close" });
      await end("SIGTERM");
    },
  };
}

/** Whether each has links, and the same as all that it is linked to. It costs little, where digests take all that there is. */
export async function areInSync(stores: readonly StoreProcess[]): Promise<boolean> {
  const all = await Promise.all(stores.map((store) => store.ask<Status>({ do: "status" })));
  return all.every(({ linked, inSync }) => linked > 0 && linked === inSync);
}

/** Of each the digest of all that it has. */
export function digests(stores: readonly StoreProcess[]): Promise<string[]> {
  return Promise.all(stores.map((store) => store.ask<string>({ do: "digest" })));
}
