/** The package's command, in a process of its own that ends with the test. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { newFolder } from "./networks.ts";

const program = join(import.meta.dirname, "../../src/command.ts");

export interface CommandOptions {
  /** Default: on loopback, at a port that is free. */
  readonly listen?: string;
  /** Where its identity is. Default: a new one. */
  readonly folder?: string;
  readonly networkKey?: Buffer;
  /** The network namespace that it runs in. Default: this one. */
  readonly namespace?: string;
}

export interface RunningCommand {
  /** The first one that it has printed. */
  readonly address: string;
  kill(): Promise<void>;
}

/** Waits until it listens. */
export async function runCommand(kind: "bootstrap" | "relay", o: CommandOptions = {}): Promise<RunningCommand> {
  const { listen = "/ip4/127.0.0.1/tcp/0", folder = await newFolder(), networkKey, namespace } = o;
  const node = [process.execPath, "--conditions=@cuitty/source", program, kind, "--listen", listen, "--folder", folder];
  const [command = "", ...args] = namespace === undefined ? node : ["ip", "netns", "exec", namespace, ...node];
  const key = networkKey === undefined ? {} : { PERSIST_NETWORK_KEY: networkKey.toString("hex") };
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...key } });
  const ended = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  for await (const address of createInterface(child.stdout)) return { address, kill };
  throw new Error("the command has ended");
}
