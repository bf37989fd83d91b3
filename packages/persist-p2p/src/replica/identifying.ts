/**
 * Ids and marks of lines, and in a closed group their signatures. They are hashes, and an index of them costs a page for each row that is written; so they are calculated for many rows at once, when sets are compared, or when there is nothing
 * else to do.
 */
import { rowId } from "../state/row-id.ts";
import { markOf } from "../state/row-state.ts";
import type { Item } from "../sync/replica.ts";
import { writeAheadAtOnce } from "./at-once.ts";
import { markOfErasure } from "./erasures.ts";
import { type Line, lineColumns, parseCells } from "./lines.ts";
import type { ReplicaParts } from "./parts.ts";
import { arePending, makeLines } from "./pending.ts";
import { proofOfLine } from "./row-proofs.ts";
import { readSetting, writeSetting } from "./settings.ts";

/** Lines in one transaction. */
const step = 1000;
/** Where each takes a signature, which is as long as ten hashes. */
const signedStep = 200;
const identifiedKey = "replica_identified";

export interface Identifier {
  /** Makes the lines that are still to be made. */
  lines(): void;
  /** Makes sure that all lines have ids and marks. */
  all(): void;
  /** One step of it. Returns whether there is more to do. */
  step(): boolean;
}

export function createIdentifier(parts: ReplicaParts): Identifier {
  const { connection, clock } = parts;
  /** Every line up to this one, in the order of commits, has its id and mark. */
  let upTo = { seq: Number(readSetting(connection, identifiedKey) ?? 0), line: Number.MAX_SAFE_INTEGER };

  const lines = (): void => {
    if (arePending(connection)) writeAheadAtOnce(connection, () => makeLines(connection, clock));
  };

  const takeStep = (): boolean => {
    lines();
    const limit = parts.authority === undefined ? step : signedStep;
    const found = connection
      .statement(`select line, ${lineColumns} from replica_rows where (seq, line) > (?, ?) order by seq, line limit ?`)
      .all(upTo.seq, upTo.line, limit) as (Line & { readonly line: number })[];
    const last = found.at(-1);
    if (last === undefined) return false;
    writeAheadAtOnce(connection, () => {
      const set = connection.statement(
        "update replica_rows set id = ?, mark = ?, proof = ? where line = ? and seq = ?",
      );
      for (const line of found) {
        if (line.mark !== null) continue;
        const { id, mark } = identify(line);
        // Another process may have written over it since it was read; then it comes again.
        set.run(id, mark, proofOfLine(parts, line), line.line, line.seq);
      }
      writeSetting(connection, identifiedKey, String(last.seq - 1)); // its commit may go on
    });
    upTo = { seq: last.seq, line: last.line };
    return found.length === limit;
  };

  return {
    lines,
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
