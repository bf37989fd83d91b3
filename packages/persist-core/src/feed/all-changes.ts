/** `store.changes`: what changes in all facades. */
import type { Change, ChangesOptions, Watcher } from "../api/changes.ts";
import type { Facade } from "../api/operations.ts";
import { beginCall } from "../calls.ts";
import type { Row } from "../contract.ts";
import { facadesOf } from "../facade-names.ts";
import type { LiveGate } from "../gate.ts";
import { createChangesSource } from "./changes-source.ts";
import { facadeOf, toChange } from "./to-change.ts";
import { checkFlag, checkSince } from "./watch-keys.ts";
import { createWatcher } from "./watcher.ts";

const operation = "changes";

/** How each facade shows a row. */
export type Shows = Readonly<Record<Exclude<Facade, "events">, (row: Row) => unknown>>;

export function createAllChanges(gate: LiveGate, shows: Shows): (o?: ChangesOptions) => Watcher<Change> {
  return (o) => {
    beginCall(operation, undefined, o, ["since", "facades", "live"]); // what is malformed is refused here
    const { since, live = true } = o ?? {};
    checkSince(operation, since);
    checkFlag(operation, "live", live);
    const facades = new Set(facadesOf(operation, o?.facades));
    gate.ensureOpen();
    gate.feed.ensureKept(operation);
    const source = createChangesSource(gate.feed, {
      beginning: since === undefined && live ? "now" : { since },
      accepts({ space }) {
        const facade = facadeOf(space);
        return facade !== undefined && facades.has(facade);
      },
      show(changed) {
        const facade = facadeOf(changed.space);
        return toChange(changed, facade === undefined || facade === "events" ? undefined : shows[facade]);
      },
    });
    return createWatcher(gate.feed, { operation, options: o, live, source });
  };
}
