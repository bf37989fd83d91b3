/** A list of operations on its way into physical writes. */
import type { Answer, Op } from "../contract.ts";
import { append } from "./append.ts";
import type { Writes } from "./backend.ts";
import { erase } from "./erase.ts";
import type { Layout } from "./layout.ts";
import { addToRow, deleteRow, putRow, reindexRow, takeContent } from "./row-writes.ts";
import type { View } from "./view.ts";

export interface Draft {
  /** With `writes` on top. */
  readonly view: View;
  readonly layout: Layout;
  readonly writes: Writes;
  readonly now: number;
  /** The next place in commit order. */
  nextSeq(): number;
}

/** One answer for each operation. They were judged before. */
export async function draftOps(draft: Draft, list: readonly Op[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const op of list) answers.push(await draftOp(draft, op));
  // At last, because what a delete of this list lets go of may be what a put of it takes.
  for (const op of list) if (op.op === "put" && op.content !== undefined) takeContent(draft, op.content);
  return answers;
}

async function draftOp(draft: Draft, op: Op): Promise<Answer> {
  switch (op.op) {
    case "put":
      return putRow(draft, op);
    case "reindex":
      return reindexRow(draft, op);
    case "add":
      return addToRow(draft, op);
    case "delete":
      return deleteRow(draft, op);
    case "append":
      return append(draft, op);
    case "erase":
      return erase(draft, op);
    case "check":
    case "checkRange":
      return {};
  }
}
