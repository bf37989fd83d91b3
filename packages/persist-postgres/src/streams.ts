/** The heads of event streams, and of the log as a whole, as rows of the space `streams`. */
import { type Row, rowVersionOf, streamHead } from "@cuitty/persist-core";
import { type Connection, perSchema, type Statement } from "./connection.ts";

export interface StoredStream {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
  readonly first: number;
  readonly erased: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Of the table that the query calls `r`. */
export const streamColumns =
  'r.stream, r.version::float8, r.position::float8, r.first::float8, r.erased, r.created_at::float8 as "createdAt", r.updated_at::float8 as "updatedAt"';

export function toStreamRow({ stream, version, position, first, erased, createdAt, updatedAt }: StoredStream): Row {
  const head = streamHead(version, position, first, erased);
  return { key: stream, value: JSON.stringify(head), version: rowVersionOf(head), createdAt, updatedAt };
}

const texts = perSchema((s) => ({
  streams: `select ${streamColumns} from ${s}.streams r where r.scope = $1 and r.stream = any (array(select json_array_elements_text($2::text::json)))`,
  // Under the empty key, the log's: its version is its position.
  log: `select '' as stream, e.position::float8 as version, e.position::float8, 1::float8 as first, false as erased,
      (select time::float8 from ${s}.events where scope = $1 and position = 1) as "createdAt", e.time::float8 as "updatedAt"
    from ${s}.events e where e.scope = $1 order by e.position desc limit 1`,
}));

/** In the order of their names, `undefined` where there are no events. */
export async function readStreams(
  connection: Connection,
  statement: Statement,
  scope: number,
  names: readonly string[],
): Promise<(Row | undefined)[]> {
  const { streams, log } = texts(connection);
  const named = names.filter((name) => name !== "");
  const found = await Promise.all([
    named.length === 0 ? [] : statement<StoredStream>(streams, [scope, JSON.stringify(named)]),
    named.length === names.length ? [] : statement<StoredStream>(log, [scope]),
  ]);
  const byName = new Map(found.flat().map((stored) => [stored.stream, toStreamRow(stored)]));
  return names.map((name) => byName.get(name));
}
