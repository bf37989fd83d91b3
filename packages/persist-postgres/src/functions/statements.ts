/** What functions in SQL are put together from. */
import { type RowTable, rowTables } from "../schema.ts";

/** A branch for each table of rows, because the statements of a function name their tables. */
export function perTable(write: (table: RowTable) => string): string {
  const branches = rowTables.map((table) => `if p_space = '${table}' then ${write(table)}`);
  return `${branches.join("\n    els")}\n    end if;`;
}

/** Neither a ghost nor expired, where `p_now` is the time. */
export const isLive = (row: string) =>
  `${row}.version <> '' and (${row}.expires_at is null or ${row}.expires_at > p_now)`;
