import { PersistError } from "./errors.ts";
import { didYouMean } from "./suggestions.ts";

/** What `createStore` takes whatever the adapter; the other options are the adapter's own. */
export const storeOptionNames: readonly string[] = ["name", "namespace", "adapter", "clock", "require"];

/** Throws INVALID_ARGUMENT where `options` is no object or has a property that is not in `known`. `what` names it: "createStore", "sqlite". */
export function checkOptionNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new PersistError("INVALID_ARGUMENT", `${what} takes its options as an object.`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new PersistError("INVALID_ARGUMENT", `${what} has no option "${name}".${didYouMean(name, known)}`);
  }
}
