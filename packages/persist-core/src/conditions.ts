import type { Condition } from "./api/operations.ts";
import { PersistError } from "./errors.ts";

/** What must be there: a version (of a blob: an etag), nothing (`null`), or anything (`undefined`). */
export function parseCondition(operation: string, o: Condition | undefined): string | null | undefined {
  if (o === undefined) return undefined;
  const hasMatch = "ifMatch" in o;
  const hasNoneMatch = "ifNoneMatch" in o;
  if (!hasMatch && !hasNoneMatch) return undefined;
  if (hasMatch && hasNoneMatch) {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: give ifMatch or ifNoneMatch, not both.`);
  }
  if (hasMatch) {
    if (typeof o.ifMatch === "string" && o.ifMatch !== "") return o.ifMatch;
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${operation}: ifMatch is given but is ${String(o.ifMatch)}. A condition without a version is refused, because it would be no condition: leave ifMatch out to write unconditionally.`,
    );
  }
  if (o.ifNoneMatch === "*") return null;
  throw new PersistError("INVALID_ARGUMENT", `${operation}: ifNoneMatch can only be "*".`);
}
