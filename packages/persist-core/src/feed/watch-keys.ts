/** What the `watch` of a facade is: the changes of one key or of all with a prefix, if wanted after what is there already. */
import type { Change, Watcher, WatchOptions } from "../api/changes.ts";
import { beginCall } from "../calls.ts";
import type { ChangedRow, Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { LiveGate } from "../gate.ts";
import { checkKey, checkPrefix } from "../keys.ts";
import { checkOptionNames } from "../option-names.ts";
import { createChangesSource } from "./changes-source.ts";
import { createInitialSource, isInitialCursor } from "./initial-source.ts";
import { toChange } from "./to-change.ts";
import { createWatcher } from "./watcher.ts";

export type WatchedSpace = "records" | "kv" | "blobs";

/** One key, or all that begin with a prefix. */
export type Watched = { readonly key: string } | { readonly prefix: string };

/** `show` makes a change's value out of its row. */
export function watchKeys<T>(
  gate: LiveGate,
  space: WatchedSpace,
  what: string | { prefix: string },
  options: WatchOptions | undefined,
  show: (row: Row) => T,
): Watcher<Change<T>> {
  const operation = `${space}.watch`;
  beginCall(operation, undefined, options, ["since", "initial", "values"]); // what is malformed is refused here
  const { since, initial = false, values = true } = options ?? {};
  checkFlag(operation, "initial", initial);
  checkFlag(operation, "values", values);
  checkSince(operation, since);
  if (since !== undefined && initial) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${operation}: since goes on and initial begins anew. Pass one of them: a cursor of an initial entry goes on within those, too.`,
    );
  }
  const watched = parseWatched(operation, what);
  gate.ensureOpen();
  const key = "key" in watched ? watched.key : undefined;
  gate.feed.ensureKept(operation, key);

  const shown = (changed: ChangedRow) => toChange(changed, values ? show : undefined);
  const accepts = (changed: ChangedRow) => changed.space === space && isWatched(watched, changed.key);
  const follow = (after: string | undefined) =>
    createChangesSource(gate.feed, { beginning: after === undefined ? "now" : { since: after }, accepts, show: shown });
  const isInitial = initial || (since !== undefined && isInitialCursor(since));
  const source = isInitial
    ? createInitialSource(gate, { operation, space, watched, since, values, show: shown, follow })
    : follow(since);
  return createWatcher(gate.feed, { operation, key, options, live: true, source });
}

/** Throws INVALID_ARGUMENT unless it is left out or could be a cursor. Which it is, the engine knows. */
export function checkSince(operation: string, since: unknown): void {
  if (since === undefined || (typeof since === "string" && since !== "" && since.length <= 4096)) return;
  throw new PersistError("INVALID_ARGUMENT", `${operation}: since must be the cursor of a change, unchanged.`);
}

export function checkFlag(operation: string, name: string, flag: unknown): void {
  if (typeof flag === "boolean") return;
  throw new PersistError("INVALID_ARGUMENT", `${operation}: ${name} must be true or false.`);
}

function parseWatched(operation: string, what: unknown): Watched {
  if (typeof what === "string") {
    checkKey(what);
    return { key: what };
  }
  if (typeof what !== "object" || what === null || !("prefix" in what)) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${operation} takes a key, or { prefix: "users/" } for all keys that begin so; { prefix: "" } is all of them.`,
    );
  }
  checkOptionNames(`${operation}: the first argument`, what, ["prefix"]);
  const { prefix } = what;
  checkPrefix(prefix);
  return { prefix };
}

function isWatched(watched: Watched, key: string): boolean {
  return "key" in watched ? key === watched.key : key.startsWith(watched.prefix);
}
