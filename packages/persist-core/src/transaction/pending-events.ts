/** Events that wait for the commit of their transaction. */
import type { AppendOp, EventRow } from "../contract.ts";

/** They get their positions at the commit; until then it is 0. */
export function pendingEvents(op: AppendOp, after: number, time: number): EventRow[] {
  return op.events.map((event, i) => ({ ...event, stream: op.stream, version: after + i + 1, position: 0, time }));
}

/** The last of these events where all of them are there, side by side and in this order; `"partly"` where only some are, or not so. */
export function repeated(ids: readonly string[], known: readonly EventRow[]): EventRow | "partly" | undefined {
  const byId = new Map(known.map((event) => [event.id, event]));
  const found = ids.map((id) => byId.get(id)).filter((event) => event !== undefined);
  if (found.length === 0) return undefined;
  const first = found[0] as EventRow;
  const sideBySide = found.length === ids.length && found.every((event, i) => event.version === first.version + i);
  return sideBySide ? (found.at(-1) as EventRow) : "partly";
}
