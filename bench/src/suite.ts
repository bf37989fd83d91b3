import type { Figure } from "./figure.ts";

export interface Suite {
  /** What it measures, as one line. */
  readonly title: string;
  /** What the figures cannot say, such as the settings of the contenders. */
  readonly notes: readonly string[];
  run(o: SuiteOptions): Promise<readonly Figure[]>;
}

export interface SuiteOptions {
  /** Fewer rounds: for a look, not for a judgement. */
  readonly quick: boolean;
  /** An empty folder, which is removed afterwards. On the disk of the repository: where temporary files live in memory, syncing costs nothing. */
  readonly folder: string;
  /** Says what is going on. */
  progress(line: string): void;
}
