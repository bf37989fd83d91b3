/** Pages of events. What is committed has no holes, so that readers need no lock: see docs/design/0003-postgres.md. */
import { type EventPage, type EventRange, type StoredEventRow, toEventRow } from "@cuitty/persist-core";
import type { Connection, Param, Statement } from "./connection.ts";
import { streamById } from "./schema.ts";

export async function readEvents(
  { schema }: Connection,
  statement: Statement,
  scope: number,
  range: EventRange,
): Promise<EventPage> {
  // Qualified, or ORDER BY would go by the column of the result, which is cast.
  const number = range.stream === undefined ? "position" : "version";
  const params: Param[] = [scope];
  let where = "scope = $1";
  let source = `${schema}.events e`;
  if (range.stream !== undefined) where += ` and stream = $${params.push(range.stream)}`;
  if (range.ids !== undefined) source = byIds(schema, params.push(JSON.stringify(range.ids)));
  else where += " and type is not null";
  if (range.stream !== undefined && range.ids === undefined) {
    // Not by way of all that was erased.
    where += ` and version >= greatest($${params.push(range.from ?? 1)}, (select first from ${schema}.streams where scope = $1 and stream = $2))`;
  } else if (range.from !== undefined) where += ` and ${number} >= $${params.push(range.from)}`;
  if (range.to !== undefined) where += ` and ${number} <= $${params.push(range.to)}`;
  const stored = await statement<StoredEventRow>(
    `select stream, version::float8, position::float8, id, type, time::float8, tags, data, metadata from ${source}
     where ${where} order by e.${number} ${range.reverse ? "desc" : "asc"} limit $${params.push(range.limit + 1)}`,
    params,
  );
  const more = stored.length > range.limit;
  if (more) stored.pop();
  return { events: stored.map(toEventRow), more };
}

/** The events of the stream, which is the second parameter, with these ids: one by one, whatever the planner thinks of the table. */
const byIds = (schema: string, ids: number): string => `json_array_elements_text($${ids}::text::json) as w(sought),
      lateral (select * from ${schema}.events where scope = $1 and ${streamById("stream")} = $2 and id = w.sought offset 0) e`;
