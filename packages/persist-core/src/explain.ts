import type { Call } from "./calls.ts";
import type { Engine } from "./contract.ts";
import { PersistError } from "./errors.ts";

/** The same error with what the engine could not know: the operation and the key. Anything that is no PersistError is a defect, and says so. */
export function explain(error: unknown, call: Call, engine: Engine): PersistError {
  const { operation, key } = call;
  const { adapter } = engine;
  if (!PersistError.is(error)) {
    const reason = error instanceof Error ? error.message : String(error);
    return new PersistError("INTERNAL", `${operation} failed in the adapter "${adapter}": ${reason}`, {
      operation,
      key,
      adapter,
      outcome: "unknown",
      cause: error,
    });
  }
  if (error.operation !== undefined) return error;
  return new PersistError(error.code, error.message, {
    retryable: error.retryable,
    outcome: error.outcome,
    version: error.version,
    adapter: error.adapter ?? adapter,
    operation,
    key: error.key ?? key,
    cause: error.cause,
  });
}
