/** A backend as the crash suite needs it. Each is one file in targets/, named as it is asked for. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "@cuitty/persist-core";
import type { Complaint } from "./complaints.ts";
import type { Expected } from "./expected.ts";
import type { Plan } from "./plan.ts";

export interface Target {
  /** Makes a new, empty place for a store. */
  createPlace(): Promise<Place>;
  /** Opens the store there: in the writers, and to check. */
  open(location: string): Promise<Store>;
  /** It is meant to lose something, to prove that this is found: what it leaves needs no looking into. */
  readonly isControl?: boolean;
  /** Some blobs are longer than a part of an upload to S3. */
  readonly largeBlobs?: boolean;
  /** Looks below the store, once it is as good as done with. Answers what is wrong. */
  inspect?(store: Store, place: Place): readonly string[] | Promise<readonly string[]>;
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
  /** Where every request can be held: writers are killed at one of them. */
  readonly requests?: Requests;
  /** Where the server's clock is ours: sets it forward, once it is as good as done with. In milliseconds. */
  letTimePass?(ms: number): void;
  /** Where others have copies of the data: looks at them after each round, beside the store that was written to. */
  examineCopies?(store: Store, books: Books): Promise<readonly Complaint[]>;
  /** Resolves when nothing is under way any more that a dead writer has left to do. */
  settled?(): Promise<void>;
  remove(): Promise<void>;
}

/** What must be there. */
export interface Books {
  readonly plan: Plan;
  readonly expected: Expected;
}

export interface Server {
  /** With all its processes. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export interface Requests {
  /** Resolves when so many have come from now on, the last of which waits for its fate; or when so many milliseconds are over. */
  hold(number: number, latest: number): Promise<HeldRequest>;
}

export interface HeldRequest {
  /** `"lost"`: it is never done. All others go on. */
  release(fate: "done" | "lost"): void;
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
