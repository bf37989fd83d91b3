/** What the file remembers of itself, by name. */
import type { Connection } from "@cuitty/persist-sqlite/host";

export function readSetting(connection: Connection, key: string): string | undefined {
  const row = connection.statement("select value from persist where key = ?").get(key) as { value: string } | undefined;
  return row?.value;
}

/** Inside a write transaction. */
export function writeSetting(connection: Connection, key: string, value: string): void {
  connection
    .statement("insert into persist (key, value) values (?, ?) on conflict do update set value = excluded.value")
    .run(key, value);
}
