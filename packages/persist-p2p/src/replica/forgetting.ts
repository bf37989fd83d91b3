/**
 * Forgetting what was removed long ago. Who has not been told by then does not bring it back: what a peer has confirmed to hold, and no longer has, was removed there.
 */
import { type Connection, deleteRow } from "@cuitty/persist-sqlite/host";
import { stampTime } from "../state/stamp.ts";
import type { Marked } from "../sync/replica.ts";
import { writeAtOnce } from "./at-once.ts";
import type { Fingerprints } from "./fingerprints.ts";
import { type Line, lineColumns } from "./lines.ts";
import type { ReplicaParts } from "./parts.ts";
import { readPeer } from "./peers.ts";
import { makeLines } from "./pending.ts";
import { removalsKeptFor } from "./schema.ts";
import { readSetting, writeSetting } from "./settings.ts";

/** The most that one step takes. */
const step = 500;
const floorKey = "replica_floor";

/** The time below which removals may be forgotten; 0 where none is. */
export function readFloor(connection: Connection): number {
  return Number(readSetting(connection, floorKey) ?? 0);
}

/** One bounded step. Returns whether another one would find more to do. */
export function forget(connection: Connection, fingerprints: Fingerprints, now: number): boolean {
  const due = connection
    .statement(
      // The last place stays, by which peers tell whether this file was restored.
      `select line, id from replica_rows where forget_at <= ? and seq < (select max(seq) from replica_rows)
         and not exists (select 1 from kv where replica_rows.space = 'kv' and kv.namespace = replica_rows.namespace and kv.key = replica_rows.key)
         and not exists (select 1 from records where replica_rows.space = 'records' and records.namespace = replica_rows.namespace and records.key = replica_rows.key)
         and not exists (select 1 from blobs where replica_rows.space = 'blobs' and blobs.namespace = replica_rows.namespace and blobs.key = replica_rows.key)
       limit ?`,
    )
    .all(now, step) as { line: number; id: Uint8Array | null }[];
  if (due.length === 0) return false;
  writeAtOnce(connection, () => {
    const remove = connection.statement("delete from replica_rows where line = ?");
    for (const { line } of due) remove.run(line);
    writeSetting(connection, floorKey, String(now - removalsKeptFor));
  });
  fingerprints.forget(due.map(({ id }) => id).filter((id) => id !== null));
  return due.length === step;
}

/** See the port. */
export function unlessRemoved(
  { connection, clock }: Pick<ReplicaParts, "connection" | "clock">,
  fingerprints: Fingerprints,
  rows: readonly Marked[],
  { peer, floor }: { readonly peer: string; readonly floor: number },
): readonly Marked[] {
  const known = readPeer(connection, peer);
  if (known === undefined) return rows;
  const find = connection.statement(`select ${lineColumns} from replica_rows where id = ?`);
  const isRemoved = ({ id }: Marked): boolean => {
    const line = find.get(id) as Line | undefined;
    if (line === undefined || line.space === "streams") return false;
    const wasThere = line.via === known.id || line.seq <= known.confirmed;
    return wasThere && stampTime(line.stamp) < floor;
  };
  if (!rows.some(isRemoved)) return rows;
  const removed = writeAtOnce(connection, () => {
    makeLines(connection, clock); // one may have been written anew
    const lines = rows.filter(isRemoved);
    for (const { id } of lines) removeRow(connection, find.get(id) as Line);
    return lines;
  });
  fingerprints.forget(removed.map(({ id }) => id));
  return rows.filter((row) => !removed.includes(row));
}

/** Inside a write transaction. */
function removeRow(connection: Connection, { id, namespace, space, key }: Line): void {
  if (space !== "streams") deleteRow(connection, namespace, space, key, "", Date.now());
  connection.statement("delete from replica_rows where id = ?").run(id);
}
