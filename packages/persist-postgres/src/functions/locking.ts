/** Locking rows, also those that must be absent. */
import { hasTimes } from "../schema.ts";
import { isLive, perTable } from "./statements.ts";

const lockRow = (s: string, how: "share" | "update") =>
  perTable(
    (table) => `select version, expires_at into r from ${s}.${table} where scope = p_scope and key = p_key for ${how};`,
  );

const insertGhost = (s: string) =>
  perTable((table) => {
    const [column, value] = hasTimes(table) ? ["created_at, ", "p_now, "] : ["", ""];
    return `insert into ${s}.${table} (scope, key, version, ${column}updated_at, xact, value)
      values (p_scope, p_key, '', ${value}p_now, 0, '') on conflict do nothing;`;
  });

export const lockingFunctions = (s: string): string => `
  -- Locks the row and answers its version, '' where it is absent or has expired. With p_absent it is absent until the end, where it is so now.
  create function ${s}.locked_version(p_scope integer, p_space text, p_key text, p_now bigint, p_share boolean, p_absent boolean)
  returns text language plpgsql as $$
  declare
    r record;
  begin
    loop
      if p_share then
    ${lockRow(s, "share")}
      else
    ${lockRow(s, "update")}
      end if;
      if found then
        return case when ${isLive("r")} then r.version else '' end;
      end if;
      if not p_absent then
        return '';
      end if;
    ${insertGhost(s)}
    end loop;
  end $$;

  -- Locks rows in the order in which they are given, so that nobody waits in a circle.
  create function ${s}.lock_rows(p_scope integer, p_now bigint, p_locks json) returns void language plpgsql as $$
  declare
    l record;
  begin
    for l in select * from json_to_recordset(p_locks) as x(s text, k text, h boolean, a boolean) loop
      perform ${s}.locked_version(p_scope, l.s, l.k, p_now, l.h, l.a);
    end loop;
  end $$;
`;
