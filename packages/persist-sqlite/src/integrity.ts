/** Whether a file holds what it should: SQLite's own check of its pages and indexes, then what our tables promise each other. */
import type { SqliteDatabase, SqliteDriver } from "./driver.ts";
import { betterSqlite3 } from "./driver.ts";
import { toPersistError } from "./errors.ts";
import { requireFile } from "./location.ts";
import { openDatabase } from "./open.ts";
import { checkLayout, sequencedTables } from "./schema.ts";

/** Promises of our tables, each with the query that finds what breaks it: one text per problem. */
const queries: readonly string[] = [
  `select 'blob ' || quote(key) || ' names content ' || content || ', which is not there'
   from blobs where content is not null and content not in (select id from blob_contents)`,

  `select 'blob ' || quote(key) || ' names content ' || content || ', which is due to be freed'
   from blobs where content in (select id from blob_contents where free_at is not null)`,

  `select 'content ' || id || ' belongs to no blob and would never be freed'
   from blob_contents where free_at is null and id not in (select content from blobs where content is not null)`,

  `select 'content ' || id || ' should have ' || size || ' bytes and has ' || stored
   from (select id, size, free_at, (select total(length(bytes)) from blob_chunks where content = blob_contents.id) as stored
         from blob_contents)
   where free_at is null and stored <> size`,

  `select 'stream ' || quote(stream) || ' ends with version ' || version || ' at position ' || position || ', its events with ' ||
     ifnull(last_version, 0) || ' at ' || ifnull(last_position, 0) || ' (' || events || ' in all)'
   from (select s.stream, s.version, s.position, max(e.version) as last_version, max(e.position) as last_position, count(e.id) as events
         from streams s left join events e on e.namespace = s.namespace and e.stream = s.stream
         group by s.namespace, s.stream)
   where last_version is not version or last_position is not position or events <> version`,

  `select 'event ' || version || ' of stream ' || quote(stream) || ' should ' || iif(version < first, '', 'not ') || 'be erased'
   from (select s.stream, s.first, e.version, e.type from streams s join events e on e.namespace = s.namespace and e.stream = s.stream)
   where (version < first) <> (type is null)`,

  `select 'the log of namespace ' || quote(namespace) || ' has ' || events || ' events up to position ' || last
   from (select namespace, count(*) as events, max(position) as last from events group by namespace)
   where events <> last`,

  `select 'event ' || quote(id) || ' is in stream ' || quote(stream) || ', which is not there'
   from events e where not exists (select 1 from streams s where s.namespace = e.namespace and s.stream = e.stream)`,

  `select 'index ' || quote(name) || ' points to record ' || quote(key) || ', which is not there'
   from record_index i where not exists (select 1 from records r where r.id = i.record and r.namespace = i.namespace and r.key = i.key)`,

  `select 'change number ' || seq || ' was given out ' || count(*) || ' times'
   from (${sequencedTables.map((table) => `select seq from ${table}`).join(" union all ")})
   group by seq having count(*) > 1`,
];

/**
 * Everything that is wrong with the file, in words; empty where all is well. It may be in use meanwhile. Reads the whole file, and blocks this process as long: run it
 * in one of its own where that matters. Throws where the file cannot be opened, or is not a Persist file.
 *
 * `driver` must be the one that stores of this process have the file open with: two SQLite libraries in one process do not respect each other's locks.
 */
export async function checkIntegrity(path: string, driver: SqliteDriver = betterSqlite3): Promise<string[]> {
  requireFile(path);
  const db = await openDatabase(path, driver, { readOnly: true });
  try {
    db.exec("begin"); // all the queries see one state of the file
    checkLayout(db, path);
    const damage = checkPages(db);
    // On damaged pages the other answers would mean nothing.
    return damage.length > 0 ? damage : queries.flatMap((query) => problems(db, query));
  } catch (error) {
    throw toPersistError(error, driver, `check "${path}"`);
  } finally {
    db.close();
  }
}

function checkPages(db: SqliteDatabase): string[] {
  const lines = db.prepare("pragma integrity_check").all() as { integrity_check: string }[];
  return lines.map((line) => line.integrity_check).filter((line) => line !== "ok");
}

function problems(db: SqliteDatabase, query: string): string[] {
  return (
    db.prepare(`with found (problem) as (${query}) select problem from found`).all() as { problem: string }[]
  ).map((row) => row.problem);
}
