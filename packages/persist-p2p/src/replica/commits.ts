/** The replication log as peers read it: whole commits in their order, and rows by id. */
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { Commit, CommitPage, CommitsWanted, Item, Marked } from "../sync/replica.ts";
import { type EventItemRow, eventItemSql, toEventItem } from "./events.ts";
import { identify } from "./identifying.ts";
import { type Line, lineColumns, lineOf } from "./lines.ts";
import type { ItemParts } from "./parts.ts";
import { numberOf, replicaNames } from "./peers.ts";
import { sealedRow } from "./row-proofs.ts";
import { groupsOf, isOfOne, wholeCommits } from "./whole-commits.ts";

/** Lines that are read at once. */
const pageLines = 500;

/** The place of the last commit. */
export function lastPlace(connection: Connection): number {
  const row = connection
    .statement(
      "select max((select max(seq) from replica_rows), coalesce((select max(seq) from replica_events), 0)) as seq",
    )
    .get() as { seq: number | null };
  return row.seq ?? lastEventPlace(connection);
}

function lastEventPlace(connection: Connection): number {
  const row = connection.statement("select max(seq) as seq from replica_events").get() as { seq: number | null };
  return row.seq ?? 0;
}

/** Which part of the log is read. */
interface Range {
  readonly after: number;
  readonly upTo: number;
  /** The number of the peer whose lines are left out. */
  readonly passedOver: number;
}

interface Entry {
  readonly seq: number;
  readonly via: number | null;
  /** `undefined`: nobody here can answer for it. */
  item(): Item | undefined;
}

/** Whole commits after the place: see the port. Within a snapshot. */
export function commitsAfter(
  parts: ItemParts,
  place: number,
  { bytes, without, upTo = Number.MAX_SAFE_INTEGER, ownItemsOnly = false }: CommitsWanted,
): CommitPage {
  const { connection } = parts;
  const passedOver = numberOf(connection, without);
  const nameOf = replicaNames(connection);
  const commits: Commit[] = [];
  let size = 0;
  let reached = place;
  for (;;) {
    const { lines, more } = entriesAfter(parts, { after: reached, upTo, passedOver }, ownItemsOnly);
    for (const group of groupsOf(lines)) {
      if (commits.length > 0 && size >= bytes) return { commits, place: reached, more: true };
      const [{ seq, via }] = group;
      reached = seq;
      const from = isOfOne(group) ? nameOf(via) : undefined;
      const items = ownItemsOnly && from !== undefined ? [] : group.flatMap((entry) => entry.item() ?? []);
      size += items.reduce((sum, { body }) => sum + body.length, group.length);
      commits.push({ place: reached, from, items });
    }
    if (!more) return { commits, place: Math.min(upTo, lastPlace(connection)), more: false };
    if (size >= bytes) return { commits, place: reached, more: true };
  }
}

/** `ownOnly`: of what was read from others hardly more than that is read. */
function entriesAfter(parts: ItemParts, range: Range, ownOnly: boolean) {
  return wholeCommits(pageLines, (limit) => ({
    rows: rowsAfter(parts, range, ownOnly, limit),
    events: eventsAfterPlace(parts, range, ownOnly, limit),
  }));
}

type NumberedLine = Line & { readonly line: number };

const ownLineColumns = lineColumns
  .split(", ")
  .map((column) => (["seq", "via"].includes(column) ? column : `iif(via is null, ${column}, null) as ${column}`))
  .join(", ");

function rowsAfter(parts: ItemParts, { after, upTo, passedOver }: Range, ownOnly: boolean, limit: number): Entry[] {
  const { connection } = parts;
  const lines = connection
    .statement(
      `select line, ${ownOnly ? ownLineColumns : lineColumns} from replica_rows
       where seq > ? and seq <= ? and via is not ? order by seq limit ?`,
    )
    .all(after, upTo, passedOver, limit) as NumberedLine[];
  return lines.map((line) => {
    const whole = () => (ownOnly && line.via !== null ? lineOf(connection, line.line) : line);
    return { seq: line.seq, via: line.via, item: () => toItem(parts, whole()) };
  });
}

function eventsAfterPlace(
  { connection, authority }: ItemParts,
  { after, upTo, passedOver }: Range,
  ownOnly: boolean,
  limit: number,
): Entry[] {
  const rows = connection
    .statement(
      `select ${eventItemSql.columns} from ${ownOnly ? eventItemSql.fromOwn : eventItemSql.from}
       where r.seq > ? and r.seq <= ? and r.via is not ? order by r.seq, r.author, r.number limit ?`,
    )
    .all(after, upTo, passedOver, limit) as EventItemRow[];
  return rows.map((row) => {
    const whole = () => (ownOnly && row.via !== null ? eventOf(connection, row) : row);
    return { seq: row.seq, via: row.via, item: () => toEventItem(authority, whole()) };
  });
}

function eventOf(connection: Connection, { author, number }: EventItemRow): EventItemRow {
  return connection
    .statement(`select ${eventItemSql.columns} from ${eventItemSql.from} where a.author = ? and r.number = ?`)
    .get(author, number) as EventItemRow;
}

/** The rows with these ids, but for those that have changed after the place. All lines are identified. */
export function itemsOf(parts: ItemParts, ids: readonly Uint8Array[], upTo: number): Item[] {
  const find = parts.connection.statement(`select ${lineColumns} from replica_rows where id = ? and seq <= ?`);
  const lines = ids.map((id) => find.get(id, upTo) as Line | undefined).filter((line) => line !== undefined);
  return lines.map((line) => toItem(parts, line));
}

/** All lines are identified. */
export function lacking(connection: Connection, offered: readonly Marked[]): Marked[] {
  const find = connection.statement("select 1 from replica_rows where id = ? and mark = ?");
  return offered.filter(({ id, mark }) => find.get(id, mark) === undefined);
}

function toItem(parts: ItemParts, line: Line): Item {
  return { kind: "row", ...identify(line), body: sealedRow(parts, line) };
}
