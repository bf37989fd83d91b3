/** postgres.js without Persist: the same tables, with every column kept up as Persist keeps it, by prepared statements in autocommit. */
import { randomBytes } from "node:crypto";
import postgres from "postgres";
import type { ContenderKind } from "../../contender.ts";
import { openStore } from "./persist.ts";

export const byHand: ContenderKind = {
  name: "postgres.js",
  settings: { full: "tables of Persist; prepared, in autocommit, a pool of 10" },
  async open(url) {
    await (await openStore(url)).close(); // makes the tables
    const sql = postgres(url, { max: 10 });
    const [found] = await sql`select id from persist.scopes`;
    const scope = found?.id as number;
    const writer = randomBytes(8).toString("hex");
    let writes = 0;
    const nextVersion = () => `${writer}-${++writes}`;
    return {
      async get(key) {
        const [row] = await sql`select value from persist.kv where scope = ${scope} and key = ${key}`;
        return row && JSON.parse(row.value);
      },
      async set(key, value) {
        const version = nextVersion();
        await sql`insert into persist.kv (scope, key, version, updated_at, xact, n, value)
          values (${scope}, ${key}, ${version}, ${Date.now()}, pg_current_xact_id()::text::bigint, 1, ${JSON.stringify(value)})
          on conflict (scope, key) do update set version = excluded.version, updated_at = excluded.updated_at, expires_at = excluded.expires_at,
            xact = excluded.xact, n = excluded.n, value = excluded.value`;
        return { version };
      },
      async delete(key) {
        const rows =
          await sql`with gone as (delete from persist.kv where scope = ${scope} and key = ${key} returning key)
          insert into persist.deletions (scope, space, key, version, deleted_at, reason, xact, n)
          select ${scope}, 'kv', key, ${nextVersion()}, ${Date.now()}, 'deleted', pg_current_xact_id()::text::bigint, 1 from gone returning key`;
        return rows.length > 0;
      },
      async list(prefix) {
        const rows = await sql`select key, version, value from persist.kv
          where scope = ${scope} and key >= ${prefix} and key < ${`${prefix}\u{10ffff}`} order by key`;
        return rows.map(({ key, version, value }) => ({ key, version, value: JSON.parse(value) }));
      },
      documents: {
        async get(key) {
          const [row] = await sql`select value from persist.records where scope = ${scope} and key = ${key}`;
          return row && JSON.parse(row.value);
        },
        async set(key, value) {
          const [row] = await sql`insert into persist.records (scope, key, version, created_at, updated_at, xact, value)
            values (${scope}, ${key}, ${nextVersion()}, ${Date.now()}, ${Date.now()}, pg_current_xact_id()::text::bigint, ${JSON.stringify(value)})
            on conflict (scope, key) do update set version = excluded.version, updated_at = excluded.updated_at, expires_at = excluded.expires_at,
              xact = excluded.xact, n = excluded.n, value = excluded.value
            returning version, created_at, updated_at`;
          return row;
        },
      },
      close: () => sql.end(),
    };
  },
};
