/** Every statement of the sweep and of the bytes walks an index, also where it was planned for any parameters; and so does who looks for an event. */
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { expect, test } from "vitest";
import { createBytes } from "../src/bytes.ts";
import { commitLists } from "../src/commit.ts";
import type { Connection, Param } from "../src/connection.ts";
import { readEvents } from "../src/events.ts";
import { sweep } from "../src/sweep.ts";
import { at, bytesOf, type OpenedScope, openScope, rowWith } from "./opened.ts";

const database = useDatabase();

test("at 100 000 rows no statement reads a table from its beginning", async () => {
  const opened = await openScope(database.url);
  await fill(opened);
  const { connection, scope } = opened;
  const statements = new Map<string, readonly Param[]>();
  const watched = watch(connection, (text, params) => statements.set(text, params));

  const bytes = createBytes(watched, { nudge() {}, hurry() {}, close() {} });
  const begun = await bytes.extend(undefined, 0, bytesOf(bytes.partBytes), at(1000));
  await bytes.extend(begun.token, bytes.partBytes, bytesOf(10), at(1000));
  await bytes.extend(begun.token, bytes.partBytes, bytesOf(10), at(1000));
  await bytes.extended(begun.token, at(1000));
  await bytes.copy?.(rowWith(begun.token), at(1000));
  for await (const _ of bytes.open(rowWith(begun.token), { offset: 5, length: 1 << 22 }, at(1000)));
  await bytes.discard(begun.token);
  await sweep(watched, scope, at(2 ** 40));
  expect(statements.size).toBe(7 + 1 + 4 + 3 + 1 + 4);

  for (const mode of ["force_generic_plan", "force_custom_plan"]) {
    for (const [text, params] of statements) {
      const plan = await planOf(connection, mode, text, params);
      // Of the two that may, one has one row, and the other one for each store.
      expect(plan, text).not.toMatch(/Seq Scan on (?!lineage|scopes)/);
    }
  }
});

test("without statistics, too, who looks for an event by its id goes by the index over ids", async () => {
  const { connection, scope, sql } = await openScope(database.url);
  await sql("alter table s.events set (autovacuum_enabled = off)");
  const append = (o: Connection, ...appends: readonly (readonly string[])[]) => {
    const lists = appends.map((ids) => [
      { op: "append", stream: "stream", events: ids.map((id) => ({ id, type: "t", tags: [], data: "1" })) } as const,
    ]);
    return commitLists(o, scope, lists, at(1000));
  };
  const names = (from: number) => Array.from({ length: 1000 }, (_, i) => `${"id".repeat(20)}${from + i}`);
  for (let from = 0; from < 5000; from += 1000) await append(connection, names(from)); // the index over ids has more pages by far

  const scans = await connection.transaction(at(0), async (statement) => {
    const count = async () => {
      const [counted] = await statement<{ versions: number; ids: number }>(
        `select pg_stat_get_xact_numscans('s.events_by_version'::regclass)::int as versions,
           pg_stat_get_xact_numscans('s.events_by_id'::regclass)::int as ids`,
        [],
      );
      return counted as NonNullable<typeof counted>;
    };
    await statement("discard plans", []);
    const before = await count();
    const within: Connection = { ...connection, write: (_, text, params) => statement(text, params) };
    await append(within, ["a"], ["b"]); // plain
    await append(within, ["c"], ["b"]); // a duplicate, which is judged list by list
    const { events } = await readEvents(connection, statement, scope, {
      stream: "stream",
      ids: ["a", "b", "c"],
      reverse: true,
      limit: 3,
    });
    expect(events.map(({ version }) => version)).toEqual([5003, 5002, 5001]);
    const after = await count();
    return { versions: after.versions - before.versions, ids: after.ids - before.ids };
  });
  expect(scans.versions).toBe(0);
  expect(scans.ids).toBeGreaterThanOrEqual(7);
});

/** Half of the rows are due for each chore, which is when a scan of the table looks cheap. */
async function fill({ sql, scope }: OpenedScope): Promise<void> {
  for (const table of ["records", "kv", "blobs", "system"]) {
    const [column, value] = table === "records" || table === "blobs" ? [", created_at", ", 0"] : ["", ""];
    await sql(
      `insert into s.${table} (scope, key, version, updated_at, expires_at, xact, value${column})
       select $1, n::text, case when n % 10 = 0 then '' else 'v' end, 0, case when n % 10 <> 0 then n end, n, '1'${value} from generate_series(1, 100000) n`,
      [scope],
    );
  }
  await sql(
    "insert into s.deletions (scope, space, key, version, deleted_at, reason, xact) select $1, 'kv', n::text, 'v', n, 'deleted', n from generate_series(1, 100000) n",
    [scope],
  );
  await sql("insert into s.blob_contents (size, free_at) select 1, n from generate_series(1, 100000) n");
  await sql("insert into s.blob_chunks (content, n, bytes) select n, 0, 'x' from generate_series(1, 100000) n");
  await sql("analyze");
}

function watch(connection: Connection, note: (text: string, params: readonly Param[]) => void): Connection {
  return {
    ...connection,
    read(o, text, params) {
      note(text, params);
      return connection.read(o, text, params);
    },
    write(o, text, params) {
      note(text, params);
      return connection.write(o, text, params);
    },
    transaction: (o, work) =>
      connection.transaction(o, (statement) =>
        work((text, params) => {
          note(text, params);
          return statement(text, params);
        }),
      ),
  };
}

async function planOf(connection: Connection, mode: string, text: string, params: readonly Param[]): Promise<string> {
  const values = params.map((param) => (typeof param === "string" ? `'${param}'` : String(param))).join(", ");
  return connection.transaction(at(0), async (statement) => {
    await statement(`set local plan_cache_mode = ${mode}`, []);
    await statement(`prepare planned as ${text}`, []);
    const lines = await statement<{ "QUERY PLAN": string }>(
      `explain execute planned${values === "" ? "" : `(${values})`}`,
      [],
    );
    await statement("deallocate planned", []);
    return lines.map((line) => line["QUERY PLAN"]).join("\n");
  });
}
