/** Event streams: reading pages of them, judging whether an append may happen, appending. */
import {
  type Appended,
  type AppendOp,
  type EraseOp,
  type EventPage,
  type EventRange,
  firstOf,
  isExpected,
  type StoredEventRow,
  toEventRow,
} from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import type { SqliteValue } from "./driver.ts";
import { given } from "./given.ts";
import { readHead, readLogHead } from "./streams.ts";

/** Events per statement where a condition looks through the log. */
const conditionPage = 500;

export function readEvents(connection: Connection, namespace: string, range: EventRange): EventPage {
  const number = range.stream === undefined ? "position" : "version";
  const params: SqliteValue[] = [namespace];
  let where = `namespace = ${given}`;
  if (range.stream !== undefined) {
    where += ` and stream = ${given}`;
    params.push(range.stream);
  }
  if (range.ids !== undefined) {
    where += " and id in (select value from json_each(?))";
    params.push(JSON.stringify(range.ids));
  } else where += " and type is not null";
  if (range.stream !== undefined && range.ids === undefined) {
    // Not by way of all that was erased.
    where += " and version >= max(?, (select first from streams where namespace = ? and stream = ?))";
    params.push(range.from ?? 1, namespace, range.stream);
  } else if (range.from !== undefined) {
    where += ` and ${number} >= ?`;
    params.push(range.from);
  }
  if (range.to !== undefined) {
    where += ` and ${number} <= ?`;
    params.push(range.to);
  }
  const stored = connection
    .statement(
      `select stream, version, position, id, type, time, tags, data, metadata from events
       where ${where} order by ${number} ${range.reverse ? "desc" : "asc"} limit ${given}`,
    )
    .all(...params, range.limit + 1) as StoredEventRow[];
  const more = stored.length > range.limit;
  if (more) stored.pop();
  return { events: stored.map(toEventRow), more };
}

/** Whether the append may happen now; `Appended` where it has happened before. */
export function judgeAppend(connection: Connection, namespace: string, op: AppendOp): "fresh" | "conflict" | Appended {
  const head = readHead(connection, namespace, op.stream);
  if (head !== undefined) {
    const before = findBefore(connection, namespace, op);
    if (before !== undefined) return before;
  }
  if (!isExpected(op.expected, head)) return "conflict";
  if (op.unless !== undefined && anyMatches(connection, namespace, op.unless)) return "conflict";
  return "fresh";
}

/** `undefined` where none of the ids stands in the stream. */
function findBefore(connection: Connection, namespace: string, op: AppendOp): "conflict" | Appended | undefined {
  const find = connection.statement(
    "select version, position from events where namespace = ? and stream = ? and id = ?",
  );
  const found = op.events.map(
    ({ id }) => find.get(namespace, op.stream, id) as { version: number; position: number } | undefined,
  );
  if (found.every((event) => event === undefined)) return undefined;
  const first = found[0];
  const last = found.at(-1);
  if (first === undefined || last === undefined) return "conflict";
  if (found.some((event, i) => event?.version !== first.version + i)) return "conflict";
  return { version: last.version, position: last.position, duplicate: true };
}

function anyMatches(
  connection: Connection,
  namespace: string,
  { after, matches }: NonNullable<AppendOp["unless"]>,
): boolean {
  for (let from = after + 1; ; ) {
    const page = readEvents(connection, namespace, { from, reverse: false, limit: conditionPage });
    if (page.events.some((event) => matches(event))) return true;
    const last = page.events.at(-1);
    if (last === undefined || !page.more) return false;
    from = last.position + 1;
  }
}

/**
 * Inside a write transaction, after {@link judgeAppend} has answered "fresh".
 *
 * @param told - When the events happened, where they were appended elsewhere before.
 */
export function append(
  connection: Connection,
  namespace: string,
  op: Pick<AppendOp, "stream" | "events">,
  now: number,
  told?: number,
): Appended {
  let version = readHead(connection, namespace, op.stream)?.version ?? 0;
  const log = readLogHead(connection, namespace);
  let position = log?.position ?? 0;
  const time = told ?? Math.max(now, log?.time ?? now); // the clock may have been set back
  const insert = connection.statement(
    `insert into events (namespace, position, stream, version, id, time, type, tags, metadata, data)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  for (const { id, type, tags, data, metadata } of op.events) {
    const tagList = tags.length === 0 ? null : JSON.stringify(tags);
    insert.run(namespace, ++position, op.stream, ++version, id, time, type, tagList, metadata ?? null, data);
  }
  connection
    .statement(
      `insert into streams (namespace, stream, version, position, first, erased, created_at, updated_at, seq)
       values (?, ?, ?, ?, 1, 0, ?, ?, ?)
       on conflict (namespace, stream) do update set version = excluded.version, position = excluded.position, erased = 0,
         updated_at = max(updated_at, excluded.updated_at), seq = excluded.seq`,
    )
    .run(namespace, op.stream, version, position, time, time, connection.nextSeq());
  return { version, position, duplicate: false };
}

/** Inside a write transaction. Whether there was something to erase. The rows stay, so that ids, versions and positions stay taken; their pages become free. */
export function erase(
  connection: Connection,
  namespace: string,
  { stream, before }: Omit<EraseOp, "op">,
  now: number,
): boolean {
  const head = readHead(connection, namespace, stream);
  const end = Math.min(before, (head?.version ?? 0) + 1);
  if (end <= firstOf(head)) return false;
  connection
    .statement(
      `update events set type = null, tags = null, metadata = null, data = null
       where namespace = ? and stream = ? and version >= ? and version < ?`,
    )
    .run(namespace, stream, firstOf(head), end);
  connection
    .statement(
      `update streams set first = ?, erased = 1, updated_at = max(updated_at, ?), seq = ? where namespace = ? and stream = ?`,
    )
    .run(end, now, connection.nextSeq(), namespace, stream);
  return true;
}

/** Inside a write transaction. Erases single events, where others before them may stay. Answers whether there was one to erase. */
export function eraseVersions(
  connection: Connection,
  namespace: string,
  stream: string,
  versions: readonly number[],
  now: number,
): boolean {
  const eraseOne = connection.statement(
    `update events set type = null, tags = null, metadata = null, data = null
     where namespace = ? and stream = ? and version = ? and type is not null`,
  );
  let erased = 0;
  for (const version of versions) erased += Number(eraseOne.run(namespace, stream, version).changes);
  if (erased === 0) return false;
  connection
    .statement(
      `update streams set erased = 1, updated_at = max(updated_at, ?), seq = ?, first = coalesce(
         (select min(version) from events where namespace = streams.namespace and stream = streams.stream and type is not null and version >= streams.first),
         version + 1)
       where namespace = ? and stream = ?`,
    )
    .run(now, connection.nextSeq(), namespace, stream);
  return true;
}

/** Inside a write transaction. Appends an event of which only the id is left, which is taken from now on. */
export function appendErased(
  connection: Connection,
  namespace: string,
  stream: string,
  id: string,
  now: number,
): Appended {
  const appended = append(connection, namespace, { stream, events: [{ id, type: "", tags: [], data: "" }] }, now);
  eraseVersions(connection, namespace, stream, [appended.version], now);
  return appended;
}

/** Inside a write transaction. Erases the event and gives its id free; version and position stay taken. */
export function vacate(connection: Connection, namespace: string, stream: string, version: number, now: number): void {
  eraseVersions(connection, namespace, stream, [version], now);
  connection
    .statement("update events set id = lower(hex(randomblob(16))) where namespace = ? and stream = ? and version = ?")
    .run(namespace, stream, version);
}
