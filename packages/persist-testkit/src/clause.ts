import type { Context } from "./context.ts";

/** One check of one promise of the contract. */
export interface Clause {
  /** Stable: reports, known gaps and mutants refer to it. `K-` and lower-case words. */
  readonly key: string;
  /** The promise, as a sentence; then the sample, where there are several. */
  readonly title: string;
  /** What the contract says. Clauses of one chapter with the same promise stand under one number. */
  readonly promise: string;
  /** On what this clause tries the promise, where others try it on something else. */
  readonly sample?: string;
  /** Throws where the promise is broken. */
  run(t: Context): Promise<void>;
}

export interface Chapter {
  /** Its number in the contract: that of its file. */
  readonly section: string;
  readonly title: string;
  readonly clauses: readonly Clause[];
}

/** A promise as a sentence; where it is tried on several operations, facades or values, with the one that this clause tries. */
export type Wording = string | readonly [promise: string, sample: string];

export function clause(key: `K-${string}`, wording: Wording, run: (t: Context) => Promise<void>): Clause {
  if (typeof wording === "string") return { key, title: wording, promise: wording, run };
  const [promise, sample] = wording;
  return { key, title: `${promise}: ${sample}`, promise, sample, run };
}

/** Thrown by a clause about something that the adapter does not have, and need not have. */
export class Absent extends Error {
  override readonly name = "Absent";
}

/** Thrown by a clause that cannot be tried here, though the adapter may break its promise. */
export class Skip extends Error {
  override readonly name = "Skip";
}
