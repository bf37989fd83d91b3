/** One operation after the other, each announced before it begins and acknowledged when the store has said that it is done. */
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { PersistError, type Store } from "@cuitty/persist-core";
import type { Assignment, Break } from "./assignment.ts";
import { tell } from "./journal.ts";
import { nextOf, type Operation } from "./operations.ts";
import { perform } from "./perform.ts";
import type { Plan } from "./plan.ts";

/** After the backend could not be reached; in milliseconds. */
const breather = 20;

/** Ends where it is asked to, or where it is unknown whether an operation is in effect: what came after it would leave no trace of that. */
export async function workLane(
  store: Store,
  plan: Plan,
  first: string,
  o: Pick<Assignment, "break"> & { isStopping(): boolean },
): Promise<void> {
  for (let id = first; !o.isStopping(); id = nextOf(id)) {
    const operation = plan.operation(id);
    tell("start", id);
    try {
      await performAs(o.break, store, operation);
    } catch (error) {
      if (!isOutage(error)) tell("failed", `${id} (${operation.way})`, inspect(error));
      else if (isUndone(error, operation, o.break)) tell("undone", id, String(error));
      else return tell("unknown", id, String(error));
      await pause(breather);
    }
    await nextTurn();
  }
}

/** Where it lasts, the deadline comes before the backend does. */
function isOutage(error: unknown): error is PersistError {
  return PersistError.is(error, "UNAVAILABLE") || PersistError.is(error, "TIMEOUT");
}

/** What was done in several steps may have failed at a later one. */
function isUndone({ outcome }: PersistError, { way }: Operation, broken: Break | undefined): boolean {
  return outcome === "not-applied" && way !== "again" && broken !== "split-transactions";
}

async function performAs(broken: Break | undefined, store: Store, operation: Operation): Promise<void> {
  if (broken === "acknowledge-early") {
    const work = perform(store, operation);
    tell("done", operation.id, []);
    await work;
  } else if (broken === "split-transactions" && operation.way === "transaction") {
    tell("done", operation.id, await perform(store, { ...operation, way: "plain" }));
  } else tell("done", operation.id, await perform(store, operation));
}

let turn: Promise<void> | undefined;

/**
 * The next turn of the event loop, which stores that answer at once would otherwise keep from turning. It is the same promise for all lanes, so that their operations go to
 * the store together.
 */
function nextTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}
