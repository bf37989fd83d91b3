import type { Context } from "./context.ts";

/** One promise of the contract. */
export interface Clause {
  /** Stable: reports, known gaps and mutants refer to it. `K-` and lower-case words. */
  readonly key: string;
  /** The promise, as a sentence. */
  readonly title: string;
  /** Throws where the promise is broken. */
  run(t: Context): Promise<void>;
}

export interface Chapter {
  readonly title: string;
  readonly clauses: readonly Clause[];
}

export function clause(key: `K-${string}`, title: string, run: (t: Context) => Promise<void>): Clause {
  return { key, title, run };
}

/** Thrown by a clause that does not apply to the backend. */
export class Skip extends Error {
  override readonly name = "Skip";
}
