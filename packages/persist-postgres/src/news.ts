/** Which of many scopes have changed, by one statement that costs a few probes of indexes for each: what there is where nothing can be heard. */
import { type Connection, type Patience, perSchema } from "./connection.ts";
import { rowTables } from "./schema.ts";
import { nothingSeen, type Snapshot, simplify, toSnapshot } from "./snapshots.ts";

export interface News {
  /** Those that have changed since the last look; all of them at the first. */
  look(scopes: readonly number[], o: Patience): Promise<readonly number[]>;
}

interface Answer {
  readonly snapshot: string;
  readonly shift: string;
  readonly lineage: number;
  /** A JSON array. */
  readonly changed: string;
}

// The greatest number in a range is one probe. Whether there is any would be one, too, but who plans it may expect to find one soon, and go through the table.
const text = perSchema(
  (s) => `
  select pg_current_snapshot()::text as snapshot, ${s}.shift()::text as shift, l.number as lineage, coalesce((
    select json_agg(w.scope) from unnest($1::text::int4[]) as w(scope) where exists (
      select 1 from unnest($2::text::bigint[], $3::text::bigint[]) as r(first, last) where greatest(${[
        ...rowTables,
        "streams",
        "deletions",
      ]
        .map((table) => `(select max(xact) from ${s}.${table} where scope = w.scope and xact <= r.last)`)
        .join(", ")}) >= r.first
    )
  ), '[]')::text as changed
  from ${s}.lineage l`,
);

export function createNews(connection: Connection): News {
  let seen: Snapshot = nothingSeen;
  let known: number | undefined;
  return {
    async look(scopes, o) {
      const bounds = [0, 1].map((side) => `{${seen.map((range) => range[side]).join()}}`);
      const [answer] = await connection.read<Answer>(o, text(connection), [`{${scopes.join()}}`, ...bounds]);
      const { snapshot, shift, lineage, changed } = answer as Answer;
      const isKnown = known === lineage;
      seen = simplify(toSnapshot(snapshot, BigInt(shift)));
      known = lineage;
      return isKnown ? (JSON.parse(changed) as number[]) : scopes;
    },
  };
}
