/** What a writer is told to do. */
export interface Assignment {
  /** Of the place. */
  readonly location: string;
  readonly seed: string;
  /** The id of the first operation of each lane; the lanes work side by side. None: the store is opened and closed, and nothing else. */
  readonly first: readonly string[];
  /** The same of lanes that take the place of those that ended because an outcome was unknown. */
  readonly spare: readonly string[];
  /** What the writer is to do wrong, to prove that it is found out. */
  readonly break: Break | undefined;
}

export const breaks = ["acknowledge-early", "split-transactions"] as const;

/**
 * - `acknowledge-early`: says that an operation is done before the store does;
 * - `split-transactions`: writes one by one what belongs together.
 */
export type Break = (typeof breaks)[number];
