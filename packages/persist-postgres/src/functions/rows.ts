/** Writing a row, and removing one. */
import { hasTimes, type RowTable } from "../schema.ts";
import { isLive, perTable } from "./statements.ts";

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

export const rowFunctions = (s: string): string => `
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
