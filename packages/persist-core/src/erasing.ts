import type { Call } from "./calls.ts";
import type { EraseOp, ExpectedVersion } from "./contract.ts";
import type { Gate } from "./gate.ts";
import { commitLimits } from "./limits.ts";
import { readHead } from "./reading.ts";
import { firstOf } from "./stream-heads.ts";

/**
 * Erases the stream's events below the version, or all that it has now, a commit of at most 1 000 at a time, the oldest first; so what breaks off leaves an erased beginning.
 * `expected`, asked for once the call has begun, is judged with the first commit, and what is appended after that stays. Whether there was an event to erase.
 */
export async function eraseEvents(
  gate: Gate,
  stream: string,
  { before, expected, begin }: { before?: number; expected?(): ExpectedVersion; begin(): Call },
): Promise<boolean> {
  const first = begin();
  let condition = expected?.();
  const head = await readHead(gate, stream, first);
  const end = Math.min(before ?? Number.POSITIVE_INFINITY, head.version + 1);
  let existed = false;
  for (let from = firstOf(head); from < end || condition !== undefined; ) {
    from = Math.max(from, Math.min(from + commitLimits.commitOps, end));
    const op: EraseOp = { op: "erase", stream, before: from, expected: condition };
    const { answers } = await gate.commit([op], { ...begin(), admitted: first.admitted });
    existed ||= answers[0]?.existed === true;
    condition = undefined;
  }
  return existed;
}
