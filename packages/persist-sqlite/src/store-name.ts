import { type MaybePromise, PersistError } from "@cuitty/persist-core";
import type { Patience } from "./busy.ts";
import type { Connection } from "./connection.ts";

/** A file belongs to the store that used it first, so that two stores do not get mixed up by a wrong path. Throws INVALID_ARGUMENT for another name. */
export async function claimFile(connection: Connection, name: string, o: Patience): Promise<void> {
  const owner = (await connection.read(o, () => readOwner(connection))) ?? (await claim(connection, name, o));
  if (owner === name) return;
  throw new PersistError(
    "INVALID_ARGUMENT",
    `"${connection.path}" belongs to the store "${owner}", not to "${name}". Choose another path, or open it as "${owner}"; several stores share a file as namespaces of one name.`,
    { adapter: "sqlite" },
  );
}

/** Of two that claim at once, the first one wins, and both are told. */
function claim(connection: Connection, name: string, o: Patience): MaybePromise<string> {
  return connection.write(o, () => {
    connection.statement("insert into persist (key, value) values ('name', ?) on conflict do nothing").run(name);
    return readOwner(connection) ?? name;
  });
}

function readOwner(connection: Connection): string | undefined {
  const row = connection.statement("select value from persist where key = 'name'").get() as
    | { value: string }
    | undefined;
  return row?.value;
}
