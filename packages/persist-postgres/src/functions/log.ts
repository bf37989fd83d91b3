/** Streams of events: judging appends, appending, erasing. */
import type { Locks } from "../connection.ts";
import { streamById } from "../schema.ts";

export const logFunctions = (s: string, locks: Locks): string => `
  -- The version of the stream's row, and under the empty key that of the log. Null where there are no events.
  create function ${s}.stream_version(p_scope integer, p_stream text) returns text language plpgsql stable as $$
  begin
    if p_stream = '' then
      return (select max(position)::text from ${s}.events where scope = p_scope);
    end if;
    return (select version || case when first = 1 then '' else '.' || first end from ${s}.streams where scope = p_scope and stream = p_stream);
  end $$;

  -- p_expected: null, 'exists', or a version; 0 where there must be no events that were not erased.
  create function ${s}.is_expected(p_scope integer, p_stream text, p_expected text) returns boolean language plpgsql stable as $$
  declare
    head record;
  begin
    if p_expected is null then
      return true;
    end if;
    select version, first <= version as has_events into head from ${s}.streams where scope = p_scope and stream = p_stream;
    return case p_expected
      when 'exists' then coalesce(head.has_events, false)
      when '0' then not coalesce(head.has_events, false)
      else coalesce(head.version::text = p_expected, false)
    end;
  end $$;

  -- Null: it may happen. Else a conflict, or what was answered when it happened. From here on nobody else appends.
  create function ${s}.judge_append(p_scope integer, p_stream text, p_events json, p_expected text) returns jsonb language plpgsql as $$
  declare
    before record;
  begin
    perform pg_advisory_xact_lock(${locks.log}, p_scope);
    select count(*) as asked, count(e.id) as found, max(e.version) as version, max(e.position) as position,
      max(e.version - w.nth) = min(e.version - w.nth) as side_by_side
    into before
    from rows from (json_to_recordset(p_events) as (id text)) with ordinality as w(id, nth)
    left join lateral (
      select id, version, position from ${s}.events where scope = p_scope and ${streamById("stream")} = p_stream and id = w.id offset 0 -- one by one, whatever the planner thinks of the table
    ) e on true;
    if before.found = 0 then
      return case when ${s}.is_expected(p_scope, p_stream, p_expected) then null else '{"conflict": true}'::jsonb end;
    elsif before.found = before.asked and before.side_by_side then
      return jsonb_build_object('version', before.version, 'position', before.position, 'duplicate', true);
    end if;
    return '{"conflict": true}';
  end $$;

  -- After judge_append has answered null.
  create function ${s}.append(p_scope integer, p_stream text, p_events json, p_now bigint, p_xact bigint) returns jsonb language plpgsql as $$
  declare
    log record;
    head record;
    at bigint;
    added bigint := json_array_length(p_events);
  begin
    select position, time into log from ${s}.events where scope = p_scope order by position desc limit 1;
    select version into head from ${s}.streams where scope = p_scope and stream = p_stream;
    at := greatest(p_now, log.time); -- the clock may have been set back
    insert into ${s}.events (scope, position, stream, version, id, time, type, tags, metadata, data)
    select p_scope, coalesce(log.position, 0) + nth, p_stream, coalesce(head.version, 0) + nth, id, at, type, tags, metadata, data
    from rows from (json_to_recordset(p_events) as (id text, type text, tags text, metadata text, data text))
      with ordinality as w(id, type, tags, metadata, data, nth);
    insert into ${s}.streams as old (scope, stream, version, position, first, erased, created_at, updated_at, xact)
    values (p_scope, p_stream, coalesce(head.version, 0) + added, coalesce(log.position, 0) + added, 1, false, at, at, p_xact)
    on conflict (scope, stream) do update set version = excluded.version, position = excluded.position, erased = false,
      updated_at = greatest(old.updated_at, excluded.updated_at), xact = excluded.xact, n = excluded.n;
    return jsonb_build_object('version', coalesce(head.version, 0) + added, 'position', coalesce(log.position, 0) + added, 'duplicate', false);
  end $$;

  -- Whether there was something to erase. The rows stay, so that ids, versions and positions stay taken.
  create function ${s}.erase(p_scope integer, p_stream text, p_before bigint, p_now bigint, p_xact bigint) returns boolean language plpgsql as $$
  declare
    head record;
    beyond bigint;
  begin
    select version, first into head from ${s}.streams where scope = p_scope and stream = p_stream;
    beyond := least(p_before, head.version + 1);
    if head is null or beyond <= head.first then
      return false;
    end if;
    update ${s}.events set type = null, tags = null, metadata = null, data = null
    where scope = p_scope and stream = p_stream and version >= head.first and version < beyond;
    update ${s}.streams set first = beyond, erased = true, updated_at = greatest(updated_at, p_now), xact = p_xact, n = nextval('${s}.change_number')
    where scope = p_scope and stream = p_stream;
    return true;
  end $$;
`;
