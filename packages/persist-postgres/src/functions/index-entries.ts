/** Which record is found under which index tuple, and who may have a unique one. */
import { isLive } from "./statements.ts";

export const indexFunctions = (s: string): string => `
  -- Makes these the entries of the record, and touches only those that differ: most updates leave the indexed fields alone.
  create function ${s}.replace_index_entries(p_scope integer, p_key text, p_entries json) returns void language plpgsql as $$
  begin
    if p_entries is null then
      delete from ${s}.record_index where scope = p_scope and key = p_key;
      return;
    end if;
    delete from ${s}.record_index i where scope = p_scope and key = p_key
      and not exists (select 1 from json_to_recordset(p_entries) as e(i text, t text) where e.i = i.name and decode(e.t, 'hex') = i.tuple);
    insert into ${s}.record_index (scope, name, tuple, key, is_unique)
    select distinct on (e.i, e.t) p_scope, e.i, decode(e.t, 'hex'), p_key, e.u from json_to_recordset(p_entries) as e(i text, t text, u boolean)
    on conflict (scope, name, tuple, key) do update set is_unique = excluded.is_unique where record_index.is_unique <> excluded.is_unique;
  end $$;

  -- The unique index on which these entries would collide with another live record that is not among p_written, or null. Entries of what has expired are in nobody's way.
  create function ${s}.find_collision(p_scope integer, p_key text, p_entries json, p_written text[], p_now bigint) returns text language plpgsql as $$
  declare
    e record;
    holder record;
  begin
    for e in select * from json_to_recordset(p_entries) as x(i text, t text, u boolean, z boolean) where u loop
      if e.z then
        return e.i;
      end if;
      for holder in
        select i.key, coalesce(${isLive("r")}, false) as live
        from ${s}.record_index i left join ${s}.records r on r.scope = i.scope and r.key = i.key
        where i.scope = p_scope and i.name = e.i and i.tuple = decode(e.t, 'hex') and i.key <> p_key and i.key <> all (p_written)
      loop
        if holder.live then
          return e.i;
        end if;
        if ${s}.locked_version(p_scope, 'records', holder.key, p_now, true, false) <> '' then
          raise unique_violation using message = 'a record was kept alive meanwhile'; -- and all is judged again
        end if;
        delete from ${s}.record_index where scope = p_scope and name = e.i and tuple = decode(e.t, 'hex') and key = holder.key;
      end loop;
    end loop;
    return null;
  end $$;
`;
