/** Whose events there are, and how many of each. */
import type { Connection } from "@cuitty/persist-sqlite/host";

/** Its row in replica_authors, which is made where it is missing. Inside a write transaction. */
export function authorId(connection: Connection, author: Uint8Array): number {
  const find = () =>
    connection.statement("select id from replica_authors where author = ?").get(author) as { id: number } | undefined;
  const found = find();
  if (found !== undefined) return found.id;
  connection.statement("insert into replica_authors (author, count) values (?, 0)").run(author);
  return (find() as { id: number }).id;
}

/** How many of its events are here. */
export function countOf(connection: Connection, author: number): number {
  const row = connection.statement("select count from replica_authors where id = ?").get(author);
  return (row as { count: number }).count;
}

/** Inside a write transaction. */
export function setCount(connection: Connection, author: number, count: number): void {
  connection.statement("update replica_authors set count = ? where id = ?").run(count, author);
}

/** How many events of each author are here, by the author's name in hex. */
export function readVector(connection: Connection): ReadonlyMap<string, number> {
  const rows = connection
    .statement("select lower(hex(author)) as author, count from replica_authors where count > 0")
    .all() as { author: string; count: number }[];
  return new Map(rows.map(({ author, count }) => [author, count]));
}
