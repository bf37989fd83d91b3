/** Lists of operations: each judged whole, then applied whole. */
import type { Locks } from "../connection.ts";
import { isLive } from "./statements.ts";

/** An operation, see `../operations.ts` for its columns, and the operations of a list as rows of it. */
export const operationType = (s: string): string => `
  create type ${s}.operation as (o text, s text, k text, v text, r text, e bigint, c text, x json, b bigint, d double precision, i bigint, w json, q text, f bigint, z boolean);
`;

export const listFunctions = (s: string, locks: Locks): string => `
  -- Adds to a number. Null: it is not a plain integer, or would not be one, and JavaScript has to write it.
  create function ${s}.judge_add(p_scope integer, p_key text, p_by double precision, p_expires_at bigint, p_initial bigint, p_now bigint)
  returns jsonb language plpgsql as $$
  declare
    r record;
    live boolean;
    sum double precision;
  begin
    perform ${s}.locked_version(p_scope, 'kv', p_key, p_now, false, true);
    select version, value, expires_at into r from ${s}.kv where scope = p_scope and key = p_key;
    live := ${isLive("r")};
    if live and r.value !~ '^(0|-?[1-9][0-9]{0,14})$' then
      return null;
    end if;
    sum := p_by + case when live then r.value::double precision else 0 end;
    if abs(sum) > 999999999999999 then
      return null;
    end if;
    return jsonb_strip_nulls(jsonb_build_object('value', sum::bigint::text,
      'expiresAt', coalesce(p_expires_at, case when live then r.expires_at else p_initial end)));
  end $$;

  -- Whether the operation may happen: null, or what was found out and is needed to apply it. Else a conflict, with the unique index if it is one; or aside.
  create function ${s}.judge(p_scope integer, p_now bigint, o ${s}.operation, p_written text[]) returns jsonb language plpgsql as $$
  declare
    verdict jsonb;
    collision text;
  begin
    if o.z and o.o <> 'append' then
      return '{"conflict": true}';
    end if;
    if o.s = 'streams' then -- a check: whoever writes there holds the log's lock
      perform pg_advisory_xact_lock(${locks.log}, p_scope);
      return case when coalesce(${s}.stream_version(p_scope, o.k), '') <> o.c then '{"conflict": true}'::jsonb end;
    end if;
    if o.c is not null and ${s}.locked_version(p_scope, o.s, o.k, p_now, o.o = 'check', o.c = '') <> o.c then
      return '{"conflict": true}';
    end if;
    if o.o = 'put' and o.s = 'blobs' then -- it keeps the bytes that it has until they are released
      perform ${s}.locked_version(p_scope, o.s, o.k, p_now, false, true);
    end if;
    if o.b is not null and not ${s}.may_attach(o.b) then
      return '{"conflict": true}';
    end if;
    if o.x is not null then
      collision := ${s}.find_collision(p_scope, o.k, o.x, p_written, p_now);
      if collision is not null then
        return jsonb_build_object('conflict', true, 'index', collision);
      end if;
    end if;
    if o.o = 'add' then
      verdict := ${s}.judge_add(p_scope, o.k, o.d, o.e, o.i, p_now);
      return coalesce(verdict, '{"aside": true}');
    elsif o.o = 'append' then
      verdict := ${s}.judge_append(p_scope, o.k, o.w, o.q);
      return case when verdict is null and o.z then '{"conflict": true}'::jsonb else verdict end;
    elsif o.o = 'erase' then
      perform pg_advisory_xact_lock(${locks.log}, p_scope);
      return case when not ${s}.is_expected(p_scope, o.k, o.q) then '{"conflict": true}'::jsonb end;
    end if;
    return null;
  end $$;

  -- Does it, and answers what it has to tell.
  create function ${s}.apply(p_scope integer, p_now bigint, p_xact bigint, o ${s}.operation, p_verdict jsonb) returns jsonb language plpgsql as $$
  begin
    case o.o
      when 'put' then
        return ${s}.put_row(p_scope, o.s, o.k, o.v, o.r, o.e, o.x, o.b, p_now, p_xact);
      when 'delete' then
        return jsonb_build_object('existed', ${s}.delete_row(p_scope, o.s, o.k, o.r, p_now, p_xact));
      when 'reindex' then
        perform ${s}.replace_index_entries(p_scope, o.k, o.x);
        return '{}';
      when 'add' then
        perform ${s}.put_row(p_scope, 'kv', o.k, p_verdict ->> 'value', o.r, (p_verdict ->> 'expiresAt')::bigint, null, null, p_now, p_xact);
        return p_verdict;
      when 'append' then
        return jsonb_build_object('appended', coalesce(p_verdict, ${s}.append(p_scope, o.k, o.w, p_now, p_xact)));
      when 'erase' then
        return jsonb_build_object('existed', ${s}.erase(p_scope, o.k, o.f, p_now, p_xact));
      else
        return '{}';
    end case;
  end $$;

  -- One list: judged whole, then applied whole. p_lone: it is one write and the checks before it. p_written: the records that it writes, where they are several.
  create function ${s}.commit_list(p_scope integer, p_now bigint, p_xact bigint, p_list json, p_lone boolean, p_written text[]) returns text language plpgsql as $$
  declare
    o ${s}.operation;
    verdict jsonb;
    verdicts jsonb[] := '{}';
    answers jsonb[] := '{}';
    nth integer := 0;
  begin
    for o in select * from json_populate_recordset(null::${s}.operation, p_list) loop
      verdict := ${s}.judge(p_scope, p_now, o, p_written);
      if verdict ? 'conflict' then
        return verdict || jsonb_build_object('conflict', nth);
      elsif verdict ? 'aside' then
        return verdict;
      end if;
      nth := nth + 1;
      if p_lone then
        answers := answers || ${s}.apply(p_scope, p_now, p_xact, o, verdict);
      else
        verdicts := verdicts || verdict;
      end if;
    end loop;
    if p_lone then
      return array_to_json(answers);
    end if;

    if cardinality(p_written) > 0 then -- they may exchange their unique tuples
      delete from ${s}.record_index where scope = p_scope and key = any (p_written) and is_unique;
    end if;
    nth := 0;
    for o in select * from json_populate_recordset(null::${s}.operation, p_list) loop
      nth := nth + 1;
      answers := answers || ${s}.apply(p_scope, p_now, p_xact, o, verdicts[nth]);
    end loop;
    return array_to_json(answers);
  end $$;

  -- A list with unique tuples. Where another transaction was faster to take one, it is there now, and the list is judged again.
  create function ${s}.commit_unique_list(p_scope integer, p_now bigint, p_xact bigint, p_list json, p_lone boolean, p_written text[])
  returns text language plpgsql as $$
  begin
    for attempt in 1 .. 20 loop
      begin
        return ${s}.commit_list(p_scope, p_now, p_xact, p_list, p_lone, p_written);
      exception when unique_violation then
        null;
      end;
    end loop;
    raise serialization_failure using message = 'a unique tuple was taken each time';
  end $$;

  -- All lists, in turn. One text each, until one has to be judged in JavaScript, which is the last that is answered.
  create function ${s}.commit_lists(p_scope integer, p_now bigint, p_locks json, p_lists json) returns setof text language plpgsql as $$
  declare
    l record;
    xact bigint;
    answer text;
  begin
    perform pg_advisory_xact_lock_shared(${locks.scope}, p_scope);
    xact := ${s}.xact();
    if p_locks is not null then
      perform ${s}.lock_rows(p_scope, p_now, p_locks);
    end if;
    for l in select * from json_to_recordset(p_lists) as x(l json, a boolean, w text[], u boolean) loop
      if l.u then
        answer := ${s}.commit_unique_list(p_scope, p_now, xact, l.l, coalesce(l.a, false), coalesce(l.w, '{}'));
      else
        answer := ${s}.commit_list(p_scope, p_now, xact, l.l, coalesce(l.a, false), coalesce(l.w, '{}'));
      end if;
      return next answer;
      exit when answer like '{"aside"%';
    end loop;
  end $$;
`;
