import type { Scope } from "@cuitty/persist-core";
import { type Connection, type Patience, perSchema } from "./connection.ts";

const texts = perSchema((s) => ({
  find: `select id from ${s}.scopes where name = $1 and namespace = $2`,
  make: `insert into ${s}.scopes (name, namespace) values ($1, $2) on conflict do nothing`,
}));

/** The number that stands for the store and the namespace in every table. */
export async function findScope(connection: Connection, { name, namespace }: Scope, o: Patience): Promise<number> {
  const { find, make } = texts(connection);
  for (;;) {
    const [row] = await connection.read<{ id: number }>(o, find, [name, namespace]);
    if (row !== undefined) return row.id;
    await connection.write(o, make, [name, namespace]); // or somebody else just has
  }
}
