/** Which row has which bytes. */

export const contentFunctions = (s: string): string => `
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
