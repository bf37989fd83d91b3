/** Freeing the space of contents whose time has come. */
import type { EngineOptions } from "@cuitty/persist-core";
import { type Connection, perSchema } from "./connection.ts";

/** The most that one step takes, of contents as of chunks. */
export const contentsPerStep = 64;

const texts = perSchema((s) => ({
  // Their time has come for good: should the clock be set back, nobody is to be given what has lost chunks already.
  take: `
    update ${s}.blob_contents set free_at = 0 where id = any (array(
      select id from ${s}.blob_contents where free_at <= (select ${s}.server_time())
      order by free_at limit ${contentsPerStep} for update skip locked
    )) returning id::text as id`,
  chunks: `
    with gone as (
      delete from ${s}.blob_chunks where ctid = any (array(
        select k.ctid from unnest($1::text::bigint[]) c
        cross join lateral (select ctid from ${s}.blob_chunks where content = c order by n limit ${contentsPerStep}) k
        limit ${contentsPerStep}
      )) returning 1
    )
    select count(*)::integer as n from gone`,
  contents: `
    delete from ${s}.blob_contents c where id = any ($1::text::bigint[])
    and not exists (select from ${s}.blob_chunks where content = c.id)`,
}));

/**
 * How much was freed: contents or chunks, whichever are more. None that a blob names: its `free_at` is null from the moment that it is named, which happens under a lock of the
 * content, and only while its time has not come.
 */
export function freeContents(connection: Connection, _scope: number, o: EngineOptions): Promise<number> {
  const { take, chunks, contents } = texts(connection);
  return connection.transaction(o, async (statement) => {
    const taken = await statement<{ id: string }>(take, []);
    if (taken.length === 0) return 0;
    const ids = `{${taken.map(({ id }) => id).join(",")}}`;
    const [gone] = await statement<{ n: number }>(chunks, [ids]);
    await statement(contents, [ids]);
    return Math.max(taken.length, gone?.n ?? 0);
  });
}
