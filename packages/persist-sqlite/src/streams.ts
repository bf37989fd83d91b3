/** The heads of event streams, and of the log as a whole, as rows of the space `streams`. */
import { type Row, rowVersionOf, type StreamHead, streamHead } from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";

export interface StoredStream {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
  readonly first: number;
  readonly erased: 0 | 1;
  readonly created_at: number;
  readonly updated_at: number;
}

export const streamColumns = "stream, version, position, first, erased, created_at, updated_at";

/** The end of a namespace's log. */
export interface LogHead {
  readonly position: number;
  readonly time: number;
}

export function toHead({ version, position, first, erased }: Omit<StoredStream, "stream">): StreamHead {
  return streamHead(version, position, first, erased === 1);
}

export function toStreamRow(stored: StoredStream): Row {
  const head = toHead(stored);
  return {
    key: stored.stream,
    value: JSON.stringify(head),
    version: rowVersionOf(head),
    createdAt: stored.created_at,
    updatedAt: stored.updated_at,
  };
}

/** The stream's row; under the empty key the log's, whose version is its position. `undefined` where there are no events. */
export function readStream(connection: Connection, namespace: string, stream: string): Row | undefined {
  if (stream === "") return readLog(connection, namespace);
  const stored = readStored(connection, namespace, stream);
  return stored && toStreamRow(stored);
}

export function readHead(connection: Connection, namespace: string, stream: string): StreamHead | undefined {
  const stored = readStored(connection, namespace, stream);
  return stored && toHead(stored);
}

function readStored(connection: Connection, namespace: string, stream: string): StoredStream | undefined {
  return connection
    .statement(`select ${streamColumns} from streams where namespace = ? and stream = ?`)
    .get(namespace, stream) as StoredStream | undefined;
}

function readLog(connection: Connection, namespace: string): Row | undefined {
  const head = readLogHead(connection, namespace);
  if (head === undefined) return undefined;
  const first = connection.statement("select time from events where namespace = ? and position = 1").get(namespace);
  return toStreamRow({
    stream: "",
    version: head.position,
    position: head.position,
    first: 1,
    erased: 0,
    created_at: (first as { time: number }).time,
    updated_at: head.time,
  });
}

/** `undefined` where there are no events. */
export function readLogHead(connection: Connection, namespace: string): LogHead | undefined {
  return connection
    .statement("select position, time from events where namespace = ? order by position desc limit 1")
    .get(namespace) as LogHead | undefined;
}
