/** Whether a peer that was killed while it read from another one has halves of what was written there at once. How far it had come is its own business. */
import type { Complaint } from "./complaints.ts";
import { entryId } from "./expected.ts";
import {
  type EntryWrite,
  effectsOf,
  isEntryWrite,
  laneOf,
  nextOf,
  numberOf,
  type Operation,
  operationOf,
} from "./operations.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Books } from "./target.ts";

export function judgeCopy(found: Snapshot, books: Books): readonly Complaint[] {
  const complaints = [...found.complaints];
  for (const id of operationsIn(found)) {
    const operation = books.plan.operation(id);
    const effects = effectsOf(operation);
    if (effects.length === 0) complaints.push({ kind: "half", text: `a copy has something of ${describe(operation)}` });
    // In these ways each is written by itself.
    if (operation.way === "transaction" || operation.way === "many" || effects.length === 1) {
      complaints.push(...judgeOperation(operation, found, books));
    }
  }
  return complaints;
}

/** Those that have left anything. */
function operationsIn({ entries, events }: Snapshot): ReadonlySet<string> {
  const ids = new Set(events.map(({ id }) => operationOf(id)));
  for (const { value } of entries.values()) ids.add((value as { by: string }).by);
  return ids;
}

function judgeOperation(operation: Operation, found: Snapshot, books: Books): Complaint[] {
  const complaints: Complaint[] = [];
  const complain = (text: string) =>
    complaints.push({ kind: "half", text: `a copy has a part of ${describe(operation)}: ${text}` });
  for (const write of effectsOf(operation)) {
    if (write.facade === "events") {
      const count = found.eventsByOperation.get(operation.id)?.length ?? 0;
      if (count !== write.events.length) complain(`${count} of ${write.events.length} events`);
    } else if (isEntryWrite(write) && isBefore(write, operation, found) && !isOverwritten(write, operation, books)) {
      complain(`${entryId(write)} is as it was before`);
    }
  }
  return complaints;
}

/** By what is there; that nothing is there may be the work of another one. */
function isBefore(write: EntryWrite, { id }: Operation, { entries }: Snapshot): boolean {
  const present = entries.get(entryId(write))?.value as { by: string } | undefined;
  if (present === undefined) return write.value !== undefined;
  return numberOf(present.by) < numberOf(id);
}

/** Of what was written over since only the last is sent, with the commit that wrote it. */
function isOverwritten(write: EntryWrite, { id }: Operation, { plan, expected }: Books): boolean {
  const end = numberOf(expected.next(laneOf(id)));
  for (let later = nextOf(id); numberOf(later) < end; later = nextOf(later)) {
    const writes = effectsOf(plan.operation(later)).filter(isEntryWrite);
    if (writes.some((other) => entryId(other) === entryId(write))) return true;
  }
  return false;
}

const describe = ({ id, way }: Operation): string => `${id} (${way})`;
