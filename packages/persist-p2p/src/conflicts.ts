/** What of a record lost against a concurrent write: values in its document, and records with which a merge made it share a unique value. */
import type { Row } from "@cuitty/persist-core";
import { readRow } from "@cuitty/persist-sqlite/host";
import { readLine } from "./replica/lines.ts";
import type { ReplicaParts } from "./replica/parts.ts";
import { isPending } from "./replica/pending.ts";
import { conflictsOf } from "./state/document.ts";

export function readConflicts(parts: ReplicaParts, namespace: string, key: string, now: number): readonly Row[] {
  const { connection } = parts;
  const row = readRow(connection, namespace, "records", key, now);
  if (row === undefined) return [];
  const name = { namespace, space: "records", key } as const;
  const line = isPending(connection, name) ? undefined : readLine(connection, name);
  const lost = line?.document == null ? [] : conflictsOf(line.document);
  return [...lost.map((value) => ({ ...row, value })), ...rivals(parts, namespace, key, row.value, now)];
}

/** Other records under one of its unique tuples. */
function rivals(
  { connection, indexer }: ReplicaParts,
  namespace: string,
  key: string,
  value: string,
  now: number,
): Row[] {
  const indexes = indexer(namespace);
  const catalog = readRow(connection, namespace, "system", indexes.catalogKey, now);
  const unique = indexes.entries(catalog, key, value).filter((entry) => entry.unique);
  const keys = unique.flatMap(({ index, tuple }) =>
    connection
      .statement("select key from record_index where namespace = ? and name = ? and tuple = ? and key <> ?")
      .all(namespace, index, tuple, key),
  ) as { key: string }[];
  const rows = [...new Set(keys.map((rival) => rival.key))].map((rival) =>
    readRow(connection, namespace, "records", rival, now),
  );
  return rows.filter((row) => row !== undefined);
}
