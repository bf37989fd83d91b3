/** Conditions on blobs name the content by its etag; those of the engine name a version. */
import type { Call } from "../calls.ts";
import { PersistError } from "../errors.ts";
import type { Gate } from "../gate.ts";
import { readOne } from "../reading.ts";
import { parseFacts } from "./blob-facts.ts";

/** What a condition asks for: content of this etag; nothing (`null`); anything (`undefined`). */
export type Etag = string | null | undefined;

/** The same condition for the engine: the version that has the etag. Throws CONFLICT where it is not met already. */
export async function versionFor<E extends Etag>(gate: Gate, etag: E, key: string, call: Call): Promise<E> {
  if (etag === undefined) return etag;
  const row = await readOne(gate, "blobs", key, call);
  if (etag !== (row === undefined ? null : parseFacts(row).etag)) throw otherEtag(key, etag, call);
  return (row === undefined ? null : row.version) as E;
}

/** Throws UNSUPPORTED where the backend cannot judge a condition of this operation. */
export function ensureConditions({ capabilities }: Gate, etag: Etag, { operation, key }: Call): void {
  if (etag === undefined || capabilities.blobConditions !== "absent") return;
  throw new PersistError(
    "UNSUPPORTED",
    `${operation}: this backend judges no conditions here (capabilities.blobConditions is absent), only those of blobs.put for what it sends in one piece.`,
    { operation, key },
  );
}

export function otherEtag(key: string, etag: string | null, { operation }: Call): PersistError {
  const problem =
    etag === null
      ? `there is already a blob "${key}"`
      : `"${key}" does not have the etag ${JSON.stringify(etag.slice(0, 80))}`;
  return new PersistError("CONFLICT", `${operation}: ${problem}.`, { operation, key });
}
