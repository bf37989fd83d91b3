import type { Clear, OpOptions } from "./api/operations.ts";
import { beginCall } from "./calls.ts";
import type { DeleteOp } from "./contract.ts";
import { PersistError } from "./errors.ts";
import type { Gate } from "./gate.ts";
import { commitLimits } from "./limits.ts";
import { parseRange } from "./ranges.ts";

/** Removes what is there under the prefix, a commit of at most 1 000 at a time, and says how many entries that were. */
export async function clearSpace(
  gate: Gate,
  space: DeleteOp["space"],
  operation: string,
  what: Clear,
  o: OpOptions | undefined,
): Promise<number> {
  const range = parseRange(operation, { prefix: parseClear(operation, what) });
  const begin = () => beginCall(operation, undefined, o);
  let removed = 0;
  let after: string | undefined;
  for (let more = true; more; ) {
    const page = await gate.scan(space, range.page(after, commitLimits.commitOps, true), begin());
    const ops = page.rows.map(({ key }): DeleteOp => ({ op: "delete", space, key, version: gate.version() }));
    if (ops.length > 0) {
      const { answers } = await gate.commit(ops, begin());
      removed += answers.filter((answer) => answer.existed).length;
    }
    more = page.more;
    after = page.rows.at(-1)?.key;
  }
  return removed;
}

function parseClear(operation: string, what: Clear): string {
  if (typeof what === "object" && what !== null) {
    const names = Object.keys(what).join();
    if (names === "all" && "all" in what && what.all === true) return "";
    // A prefix that is undefined must not empty everything.
    if (names === "prefix" && "prefix" in what && typeof what.prefix === "string" && what.prefix !== "")
      return what.prefix;
  }
  throw new PersistError(
    "INVALID_ARGUMENT",
    `${operation} takes { prefix: "…" } or { all: true }, so that nothing is emptied by accident.`,
  );
}
