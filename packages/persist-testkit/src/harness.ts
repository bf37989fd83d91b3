import type { PersistAdapter } from "@cuitty/persist-core";

/** How the kit gets at the adapter that it is to judge. */
export interface Harness {
  /** The adapter's name, for titles and the report. */
  readonly name: string;
  /**
   * Opens the place called `id` (letters, digits and `-`): a new and empty one when the id is new, else the same data as before, also while the place is open
   * already. The kit ends what it has opened.
   */
  open(id: string): Promise<PersistAdapter>;
  /** `false`: opening an id a second time does not give the same data. Then the kit opens each once, and skips the clauses that need more. */
  readonly reopens?: false;
  /** Ends the place as `kill -9` would, without telling the adapter. What was acknowledged must be there at the next `open`. */
  crash?(id: string): Promise<void>;
  /** Frees the place. Called once for each id, when all of its adapters have ended. */
  destroy?(id: string): Promise<void>;
  /** Each further `open` of a place that is open gives another peer, with a copy of its own. Then clauses about what a peer keeps for itself are passed over. */
  readonly peers?: true;
  /** For replicated backends: resolves when all peers are equal. Those that {@link part} keeps apart meet. */
  settle?(id: string): Promise<void>;
  /** For replicated backends: no peer hears of another one any more, until `settle`. */
  part?(id: string): Promise<void>;
  /** Keys of clauses that are known to fail. Each must fail: one that passes, is skipped or does not exist is a failure, so that the list is never out of date. */
  readonly knownGaps?: readonly string[];
}

/** How many random sequences the model-based clauses run. */
export type Budget = "quick" | "full" | "soak";
