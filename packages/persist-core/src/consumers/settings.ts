/** What a user asks of a consumer, checked. */
import type { ConsumeOptions } from "../api/consumers.ts";
import { beginCall, type Call } from "../calls.ts";
import type { EventRow } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { createMatcher } from "../event-listing.ts";
import { checkKey, maxNameBytes } from "../keys.ts";
import { checkCount } from "../ranges.ts";

export interface ConsumerSettings {
  readonly name: string;
  readonly from: "start" | "end";
  readonly batchSize: number;
  readonly maxAttempts: number;
  readonly deadLetter: string | undefined;
  readonly exactlyOnce: boolean;
  /** Whether something is passed over. */
  readonly isFiltered: boolean;
  isWanted(event: EventRow): boolean;
  /** For each of its own steps: not ended by the user's signal, which ends the consumer in good order. */
  begin(): Call;
}

const operation = "events.consume";
const names = ["filter", "from", "batchSize", "maxAttempts", "deadLetter", "exactlyOnce"];

export function parseSettings(name: string, handler: unknown, o: ConsumeOptions = {}): ConsumerSettings {
  checkKey(name, "consumer name", maxNameBytes);
  if (typeof handler !== "function") {
    throw new PersistError("INVALID_ARGUMENT", `${operation} takes an async function that handles an event.`);
  }
  beginCall(operation, name, o, names);
  const { filter, from = "start", batchSize = 100, maxAttempts = 5, deadLetter, exactlyOnce = false, timeout } = o;
  if (from !== "start" && from !== "end") {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: from must be "start" or "end".`);
  }
  checkCount(operation, "batchSize", batchSize);
  checkCount(operation, "maxAttempts", maxAttempts);
  if (deadLetter !== undefined) checkKey(deadLetter, "deadLetter");
  if (typeof exactlyOnce !== "boolean") {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: exactlyOnce must be true or false.`);
  }
  const matches = filter === undefined ? () => true : createMatcher(operation, filter);
  return {
    name,
    from,
    batchSize,
    maxAttempts,
    deadLetter,
    exactlyOnce,
    isFiltered: filter !== undefined,
    isWanted: (event) => event.stream !== deadLetter && matches(event),
    begin: () => ({ ...beginCall(operation, name, { timeout }), admitted: true }),
  };
}
