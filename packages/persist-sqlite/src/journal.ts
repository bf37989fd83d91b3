/** How an engine that keeps more in the same file learns what is written, in the transaction that writes it. */
import type { Answer, Op } from "@cuitty/persist-core";

/**
 * Called inside of the write transaction with each list that was judged and is about to be applied; what it returns is called when it is, and answers for it. Where either throws, nothing of the transaction
 * happens. It may be called again for the same list, where the file was busy. Lists that set values unconditionally may be passed as one.
 */
export type Journal = (
  namespace: string,
  ops: readonly Op[],
  now: number,
) => (answers: readonly Answer[]) => readonly Answer[];
