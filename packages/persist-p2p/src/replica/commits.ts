/** The replication log as peers read it: whole commits in their order, and rows by id. */
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { Commit, CommitPage, CommitsWanted, Item, Marked } from "../sync/replica.ts";
import { type EventItemRow, eventItemSql, toEventItem } from "./events.ts";
import { identify } from "./identifying.ts";
import { type Line, lineColumns } from "./lines.ts";
import type { ItemParts } from "./parts.ts";
import { readPeer, replicaNames } from "./peers.ts";
import { sealedRow } from "./row-proofs.ts";

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
  { bytes, without, ownItemsOnly = false }: CommitsWanted,
): CommitPage {
  const { connection } = parts;
  const passedOver = readPeer(connection, without)?.id ?? -1;
  const nameOf = replicaNames(connection);
  const commits: Commit[] = [];
  let size = 0;
  let reached = place;
  for (;;) {
    const { entries, more } = entriesAfter(parts, reached, passedOver);
    for (const group of groupsOf(entries)) {
      if (commits.length > 0 && size >= bytes) return { commits, place: reached, more: true };
      reached = (group[0] as Entry).seq;
      const via = (group[0] as Entry).via;
      const from = group.every((entry) => entry.via === via) ? nameOf(via) : undefined;
      const items = ownItemsOnly && from !== undefined ? [] : group.flatMap((entry) => entry.item() ?? []);
      size += items.reduce((sum, { body }) => sum + body.length, group.length);
      commits.push({ place: reached, from, items });
    }
    if (!more) return { commits, place: lastPlace(connection), more: false };
    if (size >= bytes) return { commits, place: reached, more: true };
  }
}

/** Rows and events after the place, up to the end of a commit. */
function entriesAfter(parts: ItemParts, place: number, passedOver: number) {
  for (let limit = pageLines; ; limit *= 4) {
    const rows = rowsAfter(parts, place, passedOver, limit);
    const events = eventsAfterPlace(parts, place, passedOver, limit);
    // Both are whole up to the last commit of the one that was cut off, and without that one.
    const ends = [rows, events].filter(({ length }) => length === limit).map((list) => (list.at(-1) as Entry).seq);
    const end = Math.min(...ends);
    const entries = [...rows, ...events].filter(({ seq }) => seq < end).sort((a, b) => a.seq - b.seq);
    // A commit with more than so many lines is read with more at once.
    if (entries.length > 0 || ends.length === 0) return { entries, more: ends.length > 0 };
  }
}

function rowsAfter(parts: ItemParts, place: number, passedOver: number, limit: number): Entry[] {
  const lines = parts.connection
    .statement(`select ${lineColumns} from replica_rows where seq > ? and via is not ? order by seq limit ?`)
    .all(place, passedOver, limit) as Line[];
  return lines.map((line) => ({ seq: line.seq, via: line.via, item: () => toItem(parts, line) }));
}

function eventsAfterPlace(parts: ItemParts, place: number, passedOver: number, limit: number): Entry[] {
  const rows = parts.connection
    .statement(
      `select ${eventItemSql.columns} from ${eventItemSql.from}
       where r.seq > ? and r.via is not ? order by r.seq, r.author, r.number limit ?`,
    )
    .all(place, passedOver, limit) as EventItemRow[];
  return rows.map((row) => ({ seq: row.seq, via: row.via, item: () => toEventItem(parts.authority, row) }));
}

function* groupsOf(entries: readonly Entry[]): Iterable<readonly Entry[]> {
  let group: Entry[] = [];
  for (const entry of entries) {
    if (group[0] !== undefined && group[0].seq !== entry.seq) {
      yield group;
      group = [];
    }
    group.push(entry);
  }
  if (group.length > 0) yield group;
}

/** The rows with these ids. All lines are identified. */
export function itemsOf(parts: ItemParts, ids: readonly Uint8Array[]): Item[] {
  const find = parts.connection.statement(`select ${lineColumns} from replica_rows where id = ?`);
  const lines = ids.map((id) => find.get(id) as Line | undefined).filter((line) => line !== undefined);
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
