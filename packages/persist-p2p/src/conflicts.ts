/** What of a record lost against a concurrent write: values in its document, and records with which a merge made it share a unique value. */
import type { Row } from "@cuitty/persist-core";
import { readRow } from "@cuitty/persist-sqlite/host";
import { isLive, readLine, rowOf, stateOf } from "./replica/lines.ts";
import type { ReplicaParts } from "./replica/parts.ts";
import { conflictsOf } from "./state/document.ts";

export function readConflicts(parts: ReplicaParts, namespace: string, key: string, now: number): readonly Row[] {
  const { connection } = parts;
  const line = readLine(connection, { namespace, space: "records", key });
  if (line === undefined) return [];
  const state = stateOf(connection, line);
  if (!isLive(state, now)) return [];
  const lost = state.document === undefined ? [] : conflictsOf(state.document);
  const losers = lost.map((value) => ({ ...rowOf({ namespace, key }, state), value }));
  return [...losers, ...rivals(parts, namespace, key, state.value ?? "", now)];
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
