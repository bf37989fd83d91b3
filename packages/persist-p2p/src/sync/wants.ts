/** Rows that the peer has and that are lacking here, by id: they are asked for, a batch after another. */
import { commitBytes, wantedAtOnce } from "./limits.ts";
import { Violation } from "./messages.ts";
import { type Peering, type Program, request, turnOf } from "./peering.ts";
import type { Item, Marked } from "./replica.ts";
import { storeSeparately } from "./storing.ts";

export interface Wants {
  add(marks: readonly Marked[]): void;
  take(limit: number): Marked[];
  size(): number;
}

export function createWants(): Wants {
  const wanted = new Map<string, Marked>();

  return {
    add(marks) {
      for (const { id, mark } of marks) wanted.set(Buffer.from(id).toString("hex"), { id: Uint8Array.from(id), mark });
    },
    take(limit) {
      const some = [...wanted].slice(0, limit);
      for (const [key] of some) wanted.delete(key);
      return some.map(([, one]) => one);
    },
    size: () => wanted.size,
  };
}

/** `false`: some need bytes that are not to be had from this peer now, or are ahead of the clock here. */
export function* fetchWanted(p: Peering, wants: Wants): Program<boolean> {
  let isAll = true;
  while (wants.size() > 0) {
    yield* turnOf(p);
    const lacking = p.shared.replica.lacking(wants.take(wantedAtOnce / 4));
    yield* fetchRows(p, lacking, undefined, function* (items, at) {
      const isStored = yield* storeSeparately(p, items, at);
      isAll &&= isStored;
    });
  }
  p.shared.turn.leave(p);
  return isAll;
}

/** Asks for rows as they are at a place of the peer's; `full` gets what has come, each time that it is as much as one commit may be, and in the end. */
export function* fetchRows(
  p: Peering,
  lacking: readonly Marked[],
  upTo: number | undefined,
  full: (items: readonly Item[], at: number) => Program,
): Program {
  let items: Item[] = [];
  let bytes = 0;
  let at = 0;
  for (let ids = lacking.map(({ id }) => id); ids.length > 0; ) {
    const some = ids.slice(0, wantedAtOnce);
    const rows = yield* request(p, { kind: "want", ids: some, upTo }, "rows");
    if (rows.answered === 0 || rows.answered > some.length) throw new Violation("an answer to no question");
    ids = ids.slice(rows.answered);
    items.push(...rows.items);
    bytes += rows.items.reduce((sum, { body }) => sum + body.length, 0);
    at = Math.max(at, rows.head);
    if (bytes < commitBytes / 2) continue;
    yield* full(items, at);
    items = [];
    bytes = 0;
  }
  if (items.length > 0) yield* full(items, at);
}
