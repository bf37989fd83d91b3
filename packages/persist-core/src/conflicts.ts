import type { Call } from "./calls.ts";
import type { Op } from "./contract.ts";
import { PersistError } from "./errors.ts";

/** Operation number `op` of a commit found its condition not met. */
export interface FoundConflict {
  readonly op: number;
  /** The unique index that another row already occupies. */
  readonly index?: string | undefined;
}

/** What was found, by the error that tells of it: for those further up, who know better what to call it. */
const findings = new WeakMap<object, FoundConflict>();

export function foundBy(error: unknown): FoundConflict | undefined {
  return typeof error === "object" && error !== null ? findings.get(error) : undefined;
}

/** The error for a commit that was refused. */
export function conflict(ops: readonly Op[], found: FoundConflict, call: Call): PersistError {
  const error = describe(ops, found, call);
  findings.set(error, found);
  return error;
}

function describe(ops: readonly Op[], found: FoundConflict, call: Call): PersistError {
  const op = ops[found.op] as Op;
  const key = op.op === "append" || op.op === "erase" ? op.stream : op.op === "checkRange" ? undefined : op.key;
  if (op.op === "add") {
    return new PersistError(
      "INVALID_VALUE",
      `${call.operation}: the value at "${key}" is not a number; it was left as it is.`,
      {
        operation: call.operation,
        key,
      },
    );
  }
  return new PersistError("CONFLICT", `${call.operation}: ${reason(op, found.index)}; nothing was written.`, {
    operation: call.operation,
    key,
  });
}

function reason(op: Exclude<Op, { op: "add" }>, index: string | undefined): string {
  switch (op.op) {
    case "put":
    case "reindex":
    case "delete":
    case "check":
      if (index !== undefined)
        return `another entry than "${op.key}" has the same values in the unique index "${index}"`;
      if (op.ifVersion === null) return `there is already an entry "${op.key}"`;
      return `"${op.key}" does not have the expected version: it was changed or removed meanwhile`;
    case "checkRange":
      return "what was listed in the transaction has changed meanwhile";
    case "erase":
      return `the stream "${op.stream}" is not as expected`;
    case "append":
      return `the stream "${op.stream}" is not as expected, or has some of these event ids already`;
  }
}
