/** A backend as the crash suite needs it. Each is one file in targets/, named as it is asked for. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "@cuitty/persist-core";

export interface Target {
  /** Makes a new, empty place for a store. */
  createPlace(): Promise<Place>;
  /** Opens the store there: in the writers, and to check. */
  open(location: string): Promise<Store>;
  /** It is meant to lose something, to prove that this is found: what it leaves needs no looking into. */
  readonly isControl?: boolean;
  /** Looks below the store, once it is as good as done with. Answers what is wrong. */
  inspect?(store: Store, location: string): readonly string[] | Promise<readonly string[]>;
}

export interface Place {
  /** All that another process needs to find it. */
  readonly location: string;
  /** Where its files are, to look into by hand. Default: the location. */
  readonly folder?: string;
  /** Where it has a disk of its own: cuts the power, has all writers ended, and turns it on again. They must have been frozen. */
  cutPower?(endWriters: () => Promise<void>): Promise<void>;
  /** Where the store is with a server of its own: it may die, too, and the writers are to survive that. */
  readonly server?: Server;
  remove(): Promise<void>;
}

export interface Server {
  /** With all its processes. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Resolves when nothing is under way any more that a dead writer has left it to do. */
  settled(): Promise<void>;
}

const folder = join(import.meta.dirname, "targets");

export async function loadTarget(name: string): Promise<Target> {
  const file = join(folder, `${name}.ts`);
  if (!/^[\w-]+$/.test(name) || !existsSync(file)) {
    throw new Error(`There is no target "${name}". There are: ${(await targetNames()).join(", ")}`);
  }
  return ((await import(file)) as { target: Target }).target;
}

export async function targetNames(): Promise<string[]> {
  return (await readdir(folder)).map((file) => file.replace(/\.ts$/, "")).sort();
}
