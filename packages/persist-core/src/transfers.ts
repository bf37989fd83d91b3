/** What an engine throws when the bytes of a blob cannot be moved to their end. */
import type { EngineOptions, Row } from "./contract.ts";
import { PersistError } from "./errors.ts";

/** Throws ABORTED where nobody wants the bytes any more. */
export function refuseAbortedTransfer(adapter: string, { signal }: EngineOptions): void {
  if (signal?.aborted !== true) return;
  throw new PersistError("ABORTED", "The transfer of a blob was given up.", { adapter, cause: signal.reason });
}

/** The bytes of the row were freed, because it has others now, or is gone. */
export function blobReplaced(adapter: string, { key }: Row): PersistError {
  return new PersistError("CONFLICT", "The blob was replaced while it was being read. Read it again.", {
    adapter,
    key,
  });
}
