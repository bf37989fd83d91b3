/**
 * Ids and marks of lines. They are hashes, and an index of them costs a page for each row that is written; so they are calculated for many rows at once, when sets are compared, or when there is nothing
 * else to do.
 */
import type { Connection } from "@cuitty/persist-sqlite/host";
import { rowId } from "../state/row-id.ts";
import { markOf } from "../state/row-state.ts";
import type { Item } from "../sync/replica.ts";
import { writeAheadAtOnce } from "./at-once.ts";
import { markOfErasure } from "./erasures.ts";
import { type Line, lineColumns, parseCells } from "./lines.ts";

/** Lines in one transaction. */
const step = 1000;
const identifiedKey = "replica_identified";

export interface Identifier {
  /** Makes sure that all lines have ids and marks. */
  all(): void;
  /** One step of it. Returns whether there is more to do. */
  step(): boolean;
}

export function createIdentifier(connection: Connection): Identifier {
  /** Every line up to this one, in the order of commits, has its id and mark. */
  let upTo = { seq: readIdentified(connection), line: Number.MAX_SAFE_INTEGER };

  const takeStep = (): boolean => {
    const lines = connection
      .statement(`select line, ${lineColumns} from replica_rows where (seq, line) > (?, ?) order by seq, line limit ?`)
      .all(upTo.seq, upTo.line, step) as (Line & { readonly line: number })[];
    const last = lines.at(-1);
    if (last === undefined) return false;
    writeAheadAtOnce(connection, () => {
      const set = connection.statement("update replica_rows set id = ?, mark = ? where line = ?");
      for (const line of lines) {
        if (line.mark !== null) continue;
        const { id, mark } = identify(line);
        set.run(id, mark, line.line);
      }
      writeIdentified(connection, last.seq - 1); // its commit may go on
    });
    upTo = { seq: last.seq, line: last.line };
    return lines.length === step;
  };

  return {
    step: takeStep,
    all() {
      while (takeStep());
    },
  };
}

/** As they are known, or will be. */
export function identify(line: Line): Pick<Item, "id" | "mark"> {
  const { namespace, space, key, stamp, document, cells, expiry } = line;
  const id = line.id ?? rowId(namespace, space, key);
  if (line.mark !== null) return { id, mark: line.mark };
  if (space === "streams") return { id, mark: markOfErasure(id, cells ?? "") };
  const added = {
    document: document ?? undefined,
    cells: cells === null ? undefined : parseCells(cells),
    expiry: expiry === null ? undefined : { stamp: expiry, at: undefined },
  };
  return { id, mark: markOf(id, { stamp, ...added }) };
}

function readIdentified(connection: Connection): number {
  const row = connection.statement("select value from persist where key = ?").get(identifiedKey) as
    | { value: string }
    | undefined;
  return Number(row?.value ?? 0);
}

/** Inside a write transaction. */
function writeIdentified(connection: Connection, upTo: number): void {
  connection
    .statement("insert into persist (key, value) values (?, ?) on conflict do update set value = excluded.value")
    .run(identifiedKey, String(upTo));
}
