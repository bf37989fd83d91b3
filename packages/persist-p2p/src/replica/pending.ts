/**
 * Lines that are made later. A put needs no more than a stamp beside its row until somebody asks for its line, so that is all it leaves; the lines of many are then made together. Whoever adds
 * something else to the log makes them first, in the same transaction: what waits is always at the end.
 */
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { Clock } from "../state/stamp.ts";
import { type NewBase, writeBases } from "./bases.ts";
import type { ReplicatedSpace, RowName } from "./lines.ts";

/** Of which rows, by the number of their last write: from `first` up to, and without, `seq`, which is that of the commit. */
interface Pending {
  readonly seq: number;
  readonly first: number;
  readonly stamp: Uint8Array;
}

/** Spaces of which puts may wait. */
const spaces = ["records", "kv"] as const satisfies readonly ReplicatedSpace[];

/** Puts of one process that may wait. Where nobody asks, and there is never a pause, their lines are made with the next put. */
const mostPending = 10_000;

/** Inside the write transaction of the puts, which have got the numbers before that of their commit. */
export type NotePuts = (puts: number, seq: number) => void;

export function createNotePuts(connection: Connection, clock: Clock): NotePuts {
  let noted = 0;
  return (puts, seq) => {
    if (noted >= mostPending) {
      makeLines(connection, clock);
      noted = 0;
    }
    noted += puts;
    connection
      .statement("insert into replica_pending (seq, first, stamp) values (?, ?, ?)")
      .run(seq, seq - puts, clock.tick());
  };
}

export function arePending(connection: Connection): boolean {
  return connection.statement("select 1 from replica_pending limit 1").get() !== undefined;
}

/** Whether the row was put, and its line tells of what was there before. */
export function isPending(connection: Connection, { namespace, space, key }: RowName): boolean {
  const row = connection
    .statement(
      `select seq >= (select first from replica_pending order by seq limit 1) as waits
       from ${space} where namespace = ? and key = ?`,
    )
    .get(namespace, key);
  return row !== undefined && (row as { waits: number }).waits === 1;
}

/** Inside a write transaction. Of all that waits. */
export function makeLines(connection: Connection, clock: Clock): void {
  const pending = connection
    .statement("select seq, first, stamp from replica_pending order by seq")
    .all() as unknown as Pending[];
  if (pending.length === 0) return;
  for (const space of spaces) writeBases(connection, clock, basesOf(connection, space, pending));
  connection.statement("delete from replica_pending").run();
}

/** Of the rows that are still as they were put. Nothing else was written since the first of them. */
function basesOf(connection: Connection, space: ReplicatedSpace, pending: readonly Pending[]): NewBase[] {
  const [from, to] = [(pending[0] as Pending).first, (pending.at(-1) as Pending).seq];
  const rows = connection
    .statement(`select namespace, key, seq from ${space} where seq >= ? and seq < ? order by seq`)
    .all(from, to) as { namespace: string; key: string; seq: number }[];
  const bases: NewBase[] = [];
  let i = 0;
  for (const { namespace, key, seq } of rows) {
    while ((pending[i] as Pending).seq < seq) i++;
    const commit = pending[i] as Pending;
    bases.push({ namespace, space, key, seq: commit.seq, stamp: commit.stamp });
  }
  return bases;
}
