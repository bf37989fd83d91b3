import type { Facade } from "./api/operations.ts";
import { PersistError } from "./errors.ts";
import { didYouMean } from "./suggestions.ts";

/** In the order in which they are gone through. */
export const facadeNames: readonly Facade[] = ["records", "kv", "blobs", "events"];

/** Those that are asked for, in that order; all of them by default. Throws INVALID_ARGUMENT. */
export function facadesOf(operation: string, wanted: readonly Facade[] = facadeNames): readonly Facade[] {
  if (!Array.isArray(wanted) || wanted.length === 0) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${operation}: facades must be a list of at least one of ${facadeNames.join(", ")}.`,
    );
  }
  for (const name of wanted as readonly unknown[]) {
    if (facadeNames.includes(name as Facade)) continue;
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${operation}: there is no facade ${JSON.stringify(name)}.${typeof name === "string" ? didYouMean(name, facadeNames) : ""}`,
    );
  }
  return facadeNames.filter((name) => wanted.includes(name));
}
