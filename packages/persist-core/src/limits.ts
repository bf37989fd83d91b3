/** The same on every backend. A lower blob limit is an engine's own. */
import type { Capabilities } from "./api/capabilities.ts";
import type { Call } from "./calls.ts";
import { maxValueBytes } from "./codec.ts";
import type { Op } from "./contract.ts";
import { PersistError } from "./errors.ts";
import { utf8Length } from "./keys.ts";

export const commitLimits: Capabilities["limits"] = {
  keyBytes: 512,
  valueBytes: maxValueBytes,
  commitOps: 1000,
  commitBytes: 8 * 1024 * 1024,
  blobBytes: Number.MAX_SAFE_INTEGER,
};

/** Throws TOO_LARGE where these operations are more than one commit may hold. */
export function checkCommit(ops: readonly Op[], { operation }: Call): void {
  const [first] = ops;
  if (ops.length === 1 && first?.op !== "append") return; // one value, whose size is checked when it is encoded
  let count = 0;
  let bytes = 0;
  for (const op of ops) {
    if (op.op === "append") {
      count += op.events.length;
      for (const { data, metadata = "" } of op.events) bytes += utf8Length(data) + utf8Length(metadata);
    } else if (op.op !== "check" && op.op !== "checkRange") {
      count++;
      if (op.op === "put") bytes += utf8Length(op.value);
    }
  }
  const { commitOps, commitBytes } = commitLimits;
  if (count <= commitOps && bytes <= commitBytes) return;
  const size =
    count > commitOps
      ? `${count} writes; the limit is ${commitOps}`
      : `${bytes} bytes; the limit is ${commitBytes} (8 MiB)`;
  throw new PersistError("TOO_LARGE", `${operation}: one commit cannot hold ${size}. Split it.`, { operation });
}
