/** Which record is found under which index tuple. Indexes and their tuples are core's business; here they are names and bytes. */
import type { IndexEntry, PutOp, ReindexOp, Siblings } from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";

interface StoredEntry {
  readonly name: string;
  readonly tuple: Uint8Array;
}

/** Makes these the entries of the record, and touches only those that differ: most updates leave the indexed fields alone. */
export function replaceIndexEntries(
  connection: Connection,
  namespace: string,
  key: string,
  entries: readonly IndexEntry[],
): void {
  const before = connection
    .statement("select name, tuple from record_index where namespace = ? and key = ?")
    .all(namespace, key) as StoredEntry[];
  const kept = new Set<StoredEntry>();
  for (const { index, tuple } of entries) {
    const same = before.find((entry) => entry.name === index && Buffer.compare(entry.tuple, tuple) === 0);
    if (same !== undefined) kept.add(same);
    else {
      connection
        .statement(
          `insert or ignore into record_index (namespace, name, tuple, key, record)
           select namespace, ?, ?, key, id from records where namespace = ? and key = ?`,
        )
        .run(index, tuple, namespace, key);
    }
  }
  for (const entry of before) {
    if (kept.has(entry)) continue;
    connection
      .statement("delete from record_index where namespace = ? and name = ? and tuple = ? and key = ?")
      .run(namespace, entry.name, entry.tuple, key);
  }
}

/** The unique index on which these entries of the record would collide with another live record, or `undefined`. */
export function findCollision(
  connection: Connection,
  namespace: string,
  { key, index }: PutOp | ReindexOp,
  siblings: Siblings,
  now: number,
): string | undefined {
  const collision = index?.find(
    (entry) =>
      entry.unique &&
      (siblings.contest(entry) ||
        holdersOf(connection, namespace, entry, now).some((holder) => holder !== key && !siblings.writes(holder))),
  );
  return collision?.index;
}

/** The keys of the live records under this tuple. */
function holdersOf(connection: Connection, namespace: string, { index, tuple }: IndexEntry, now: number): string[] {
  const rows = connection
    .statement(
      `select r.key from record_index i cross join records r on r.id = i.record
       where i.namespace = ? and i.name = ? and i.tuple = ? and (r.expires_at is null or r.expires_at > ?)`,
    )
    .all(namespace, index, tuple, now) as { key: string }[];
  return rows.map((row) => row.key);
}
