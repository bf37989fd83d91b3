/** The functions of the schema for lists of the kinds that come most often, see `../plain.ts`: all of them by a few statements, and not list by list. */

import type { Locks } from "../connection.ts";
import { streamById } from "../schema.ts";
import { sentRows, upsert } from "./rows.ts";

const plainRecords = (s: string, locks: Locks): string => `
  -- Writes records without conditions, where all of p_checks, versions of rows in system, hold: then it answers when each was created. They have no unique tuples.
  create function ${s}.put_records(p_scope integer, p_now bigint, p_checks json, p_records json, p_entries json) returns json language plpgsql as $$
  declare
    expected record;
    p_xact bigint;
    made json;
  begin
    perform pg_advisory_xact_lock_shared(${locks.scope}, p_scope);
    p_xact := ${s}.xact();
    for expected in select * from json_to_recordset(p_checks) as x(k text, c text) loop
      if ${s}.locked_version(p_scope, 'system', expected.k, p_now, true, expected.c = '') <> expected.c then
        return null;
      end if;
    end loop;
    with put as (
      ${upsert(s, "records", sentRows("p_records"))}
      returning key, created_at
    )
    select json_object_agg(put.key, put.created_at) into made from put;
    delete from ${s}.record_index i where i.scope = p_scope and i.key in (select k from json_to_recordset(p_records) as w(k text))
      and not exists (
        select 1 from json_to_recordset(p_entries) as e(k text, i text, t text) where e.k = i.key and e.i = i.name and decode(e.t, 'hex') = i.tuple
      );
    insert into ${s}.record_index (scope, name, tuple, key, is_unique)
    select distinct p_scope, e.i, decode(e.t, 'hex'), e.k, false from json_to_recordset(p_entries) as e(k text, i text, t text)
    on conflict (scope, name, tuple, key) do update set is_unique = false where record_index.is_unique;
    return made;
  end $$;
`;

const plainAppends = (s: string, locks: Locks): string => `
  -- Appends to several streams (p_streams: name, expected version, how many events, the number of the last one), unless one of them is not as expected, or one of the events is
  -- there already: then it does nothing. Answers the position before, and the versions of the streams.
  create function ${s}.append_all(p_scope integer, p_now bigint, p_streams json, p_events json) returns json language plpgsql as $$
  declare
    log record;
    at bigint;
    p_xact bigint; -- asked for once: in the statement below it would be asked for by each stream
    versions json;
  begin
    perform pg_advisory_xact_lock_shared(${locks.scope}, p_scope);
    perform pg_advisory_xact_lock(${locks.log}, p_scope);
    if exists (
      select from json_to_recordset(p_streams) as w(k text, q text) where w.q is not null and not ${s}.is_expected(p_scope, w.k, w.q)
    ) or exists (
      select from json_to_recordset(p_events) as w(k text, id text),
        lateral (select from ${s}.events where scope = p_scope and ${streamById("stream")} = w.k and id = w.id offset 0) e -- one by one, whatever the planner thinks of the table
    ) then
      return null;
    end if;
    select position, time into log from ${s}.events where scope = p_scope order by position desc limit 1;
    at := greatest(p_now, log.time); -- the clock may have been set back
    p_xact := ${s}.xact();
    with heads as (
      insert into ${s}.streams as old (scope, stream, version, position, first, erased, created_at, updated_at, xact)
      select p_scope, w.k, w.a, coalesce(log.position, 0) + w.p, 1, false, at, at, p_xact from json_to_recordset(p_streams) as w(k text, a bigint, p bigint)
      on conflict (scope, stream) do update set version = old.version + excluded.version, position = excluded.position, erased = false,
        updated_at = greatest(old.updated_at, excluded.updated_at), xact = excluded.xact, n = excluded.n
      returning stream, version
    ), appended as (
      insert into ${s}.events (scope, position, stream, version, id, time, type, tags, metadata, data)
      select p_scope, coalesce(log.position, 0) + w.nth, w.k, heads.version - w.n, w.id, at, w.type, w.tags, w.metadata, w.data
      from rows from (json_to_recordset(p_events) as (k text, n bigint, id text, type text, tags text, metadata text, data text))
        with ordinality as w(k, n, id, type, tags, metadata, data, nth)
      join heads on heads.stream = w.k
    )
    select json_object_agg(stream, version) into versions from heads;
    return json_build_object('position', coalesce(log.position, 0), 'versions', versions);
  end $$;
`;

/** All of them, in the schema `s`, an identifier as it stands in SQL. */
export const plainFunctions = (s: string, locks: Locks): string => plainRecords(s, locks) + plainAppends(s, locks);
