/**
 * The functions of the schema by which a commit is one statement: `commit_lists` takes the operations of all lists as JSON, judges and applies them list by list,
 * and answers one text for each list.
 *
 * Read committed: each statement in here sees what was committed before it, so that what is locked first and read then is the truth until the end. See
 * docs/design/0003-postgres.md for what is locked, and why in this order.
 *
 * What an operation looks like as JSON: see `operations.ts`.
 */
import type { Locks } from "./connection.ts";
import { hasTimes, type RowTable, rowTables } from "./schema.ts";

/** A branch for each table of rows, because the statements of a function name their tables. */
function perTable(write: (table: RowTable) => string): string {
  const branches = rowTables.map((table) => `if p_space = '${table}' then ${write(table)}`);
  return `${branches.join("\n    els")}\n    end if;`;
}

const isLive = (row: string) => `${row}.version <> '' and (${row}.expires_at is null or ${row}.expires_at > p_now)`;

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

/** An operation, see `operations.ts` for its columns, and the operations of a list as rows of it. */
const operation = (s: string): string => `
  create type ${s}.operation as (o text, s text, k text, v text, r text, e bigint, c text, x json, b bigint, d double precision, i bigint, w json, q text, f bigint, z boolean);
`;

const locking = (s: string): string => `
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

const contents = (s: string): string => `
  create function ${s}.server_time() returns bigint language sql as $$
    select (extract(epoch from clock_timestamp()) * 1000)::bigint
  $$;

  -- Whether a row may be given the content, which then stays: else it is being freed, or is gone.
  create function ${s}.may_attach(p_content bigint) returns boolean language plpgsql as $$
  begin
    perform 1 from ${s}.blob_contents where id = p_content and (free_at is null or free_at > ${s}.server_time()) for update;
    return found;
  end $$;

  -- To be called after the row was written or removed: a content that a blob still names is kept. It is locked before it is looked at, since somebody may be giving
  -- it to another blob.
  create function ${s}.release_content(p_content bigint) returns void language plpgsql as $$
  begin
    perform 1 from ${s}.blob_contents where id = p_content for update;
    update ${s}.blob_contents set free_at = ${s}.server_time() + 600000
    where id = p_content and not exists (select 1 from ${s}.blobs where content = p_content);
  end $$;
`;

const indexEntries = (s: string): string => `
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

/** Where the columns of rows to be written come from. */
interface Source {
  readonly key: string;
  readonly version: string;
  readonly expires_at: string;
  readonly value: string;
  readonly content?: string;
  readonly from: string;
}

const oneRow: Source = {
  key: "p_key",
  version: "p_version",
  expires_at: "p_expires_at",
  value: "p_value",
  content: "p_content",
  from: "",
};

export const sentRows = (json: string): Source => ({
  key: "r.k",
  version: "r.r",
  expires_at: "r.e",
  value: "r.v",
  from: `from json_to_recordset(${json}) as r(k text, r text, e bigint, v text)`,
});

/** An upsert into the table. Of a row whose times are of interest, `created_at` stays unless it has expired. */
export function upsert(s: string, table: RowTable, source: Source = oneRow): string {
  const values: Readonly<Record<string, string | undefined>> = { ...source, updated_at: "p_now", xact: "p_xact" };
  const columns = ["version", "updated_at", "expires_at", "xact", "value", ...(table === "blobs" ? ["content"] : [])];
  const times = hasTimes(table);
  return `insert into ${s}.${table} as old (scope, key, ${columns.join(", ")}${times ? ", created_at" : ""})
      select p_scope, ${source.key}, ${columns.map((column) => values[column]).join(", ")}${times ? ", p_now" : ""} ${source.from}
      on conflict (scope, key) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(", ")}, n = excluded.n
        ${times ? `, created_at = case when ${isLive("old")} then old.created_at else excluded.created_at end` : ""}`;
}

const putInto: Readonly<Record<RowTable, (s: string) => string>> = {
  records: (s) => `
      ${upsert(s, "records")}
      returning created_at into made;
      perform ${s}.replace_index_entries(p_scope, p_key, p_entries);
      return jsonb_build_object('createdAt', made);`,
  kv: (s) => `
      ${upsert(s, "kv")};`,
  blobs: (s) => `
      select content into before from ${s}.blobs where scope = p_scope and key = p_key;
      ${upsert(s, "blobs")};
      update ${s}.blob_contents set free_at = null where id = p_content;
      if before is not null then
        perform ${s}.release_content(before);
      end if;`,
  system: (s) => `
      ${upsert(s, "system")};`,
};

const rows = (s: string): string => `
  -- Writes the row, and answers what is told of it.
  create function ${s}.put_row(p_scope integer, p_space text, p_key text, p_value text, p_version text, p_expires_at bigint, p_entries json, p_content bigint,
    p_now bigint, p_xact bigint)
  returns jsonb language plpgsql as $$
  declare
    before bigint;
    made bigint;
  begin
    ${perTable((table) => putInto[table](s))}
    return '{}';
  end $$;

  -- Leaves a tombstone, and answers whether there was a live row.
  create function ${s}.delete_row(p_scope integer, p_space text, p_key text, p_version text, p_now bigint, p_xact bigint)
  returns boolean language plpgsql as $$
  declare
    r record;
    live boolean;
  begin
    ${perTable(
      (table) => `
      delete from ${s}.${table} where scope = p_scope and key = p_key and version <> ''
      returning version, expires_at, ${table === "blobs" ? "content" : "null::bigint as content"} into r;`,
    )}
    if r is null then
      return false;
    end if;
    live := ${isLive("r")};
    if p_space = 'records' then
      delete from ${s}.record_index where scope = p_scope and key = p_key;
    elsif r.content is not null then
      perform ${s}.release_content(r.content);
    end if;
    insert into ${s}.deletions (scope, space, key, version, deleted_at, reason, xact)
    values (p_scope, p_space, p_key, p_version, p_now, case when live then 'deleted' else 'expired' end, p_xact);
    return live;
  end $$;
`;

const log = (s: string, locks: Locks): string => `
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
      select id, version, position from ${s}.events where scope = p_scope and stream = p_stream and id = w.id offset 0 -- one by one, whatever the planner thinks of the table
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

const lists = (s: string, locks: Locks): string => `
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
    if live and r.value !~ '^(0|-?[1-9]\\d{0,14})$' then
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

/** All of them, in the schema `s`, an identifier as it stands in SQL. */
export const commitFunctions = (s: string, locks: Locks): string =>
  operation(s) + locking(s) + contents(s) + indexEntries(s) + rows(s) + log(s, locks) + lists(s, locks);
