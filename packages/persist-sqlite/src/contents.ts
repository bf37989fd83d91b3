/**
 * The contents of blobs, in chunks. A content belongs to the blobs that name it; one that no blob names is kept until `free_at`: a staged one for a day, so that its
 * upload can end, a released one for ten minutes, so that whoever reads it can go on. These are times of this machine and not of the store's clock, which may be a test's.
 */
import type { Connection } from "./connection.ts";

/** Of every chunk but the last, in bytes: about what one transaction should write, and what a reader should hold. */
export const chunkBytes: number = 256 * 1024;

/** In milliseconds. */
const stagedFor = 24 * 60 * 60 * 1000;
const releasedFor = 10 * 60 * 1000;

export interface StoredContent {
  readonly size: number;
  readonly free_at: number | null;
}

/** Adds bytes to the end of a content, or to a new one, and answers its id. All chunks before are full; one that begins the bytes may be there, shorter. */
export function extendContent(
  connection: Connection,
  content: number | undefined,
  offset: number,
  bytes: Uint8Array,
): number {
  const id = content ?? insertContent(connection);
  const insert = connection.statement(
    "insert into blob_chunks (content, n, bytes) values (?, ?, ?) on conflict (content, n) do update set bytes = excluded.bytes",
  );
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    insert.run(id, (offset + at) / chunkBytes, bytes.subarray(at, at + chunkBytes));
  }
  connection
    .statement("update blob_contents set size = ?, free_at = ? where id = ?")
    .run(offset + bytes.length, Date.now() + stagedFor, id);
  return id;
}

/** Keeps a staged content for another day. */
export function renewContent(connection: Connection, content: number): void {
  connection.statement("update blob_contents set free_at = ? where id = ?").run(Date.now() + stagedFor, content);
}

function insertContent(connection: Connection): number {
  const { id } = connection
    .statement("insert into blob_contents (size, free_at) values (0, ?) returning id")
    .get(Date.now() + stagedFor) as { id: number };
  return id;
}

export function readContent(connection: Connection, content: number): StoredContent | undefined {
  return connection.statement("select size, free_at from blob_contents where id = ?").get(content) as
    | StoredContent
    | undefined;
}

/** Whether a row may be given the content: else it is being freed, or is gone. */
export function mayAttach(connection: Connection, content: number): boolean {
  const stored = readContent(connection, content);
  return stored !== undefined && (stored.free_at === null || stored.free_at > Date.now());
}

/** The content, where it is waiting for its row. */
export function readStaged(connection: Connection, content: number): StoredContent | undefined {
  const stored = readContent(connection, content);
  return stored?.free_at != null && stored.free_at > Date.now() ? stored : undefined;
}

export function readChunk(connection: Connection, content: number, n: number): Uint8Array<ArrayBuffer> | undefined {
  const chunk = connection.statement("select bytes from blob_chunks where content = ? and n = ?").get(content, n) as
    | { bytes: Uint8Array<ArrayBuffer> }
    | undefined;
  // A plain view: a driver may answer with a Buffer, whose methods differ.
  return chunk && new Uint8Array(chunk.bytes.buffer, chunk.bytes.byteOffset, chunk.bytes.byteLength);
}

export function attachContent(connection: Connection, content: number): void {
  connection.statement("update blob_contents set free_at = null where id = ?").run(content);
}

/** To be called after the row was written or removed: a content that a blob still names is kept. */
export function releaseContent(connection: Connection, content: number): void {
  connection
    .statement(
      "update blob_contents set free_at = ? where id = ? and not exists (select 1 from blobs where content = blob_contents.id)",
    )
    .run(Date.now() + releasedFor, content);
}

/** Gives a staged content up: its time has come. */
export function discardContent(connection: Connection, content: number): void {
  connection.statement("update blob_contents set free_at = 0 where id = ? and free_at is not null").run(content);
}

export function hasContentsToFree(connection: Connection): boolean {
  return nextToFree(connection) !== undefined;
}

function nextToFree(connection: Connection): { id: number } | undefined {
  return connection
    .statement("select id from blob_contents where free_at <= ? order by free_at limit 1")
    .get(Date.now()) as { id: number } | undefined;
}

/** Frees the space of contents whose time has come, at most `limit` chunks of it. Returns whether there may be more. */
export function freeContents(connection: Connection, limit: number): boolean {
  const due = nextToFree(connection);
  if (due === undefined) return false;
  const { changes } = connection
    .statement("delete from blob_chunks where id in (select id from blob_chunks where content = ? order by n limit ?)")
    .run(due.id, limit);
  if (Number(changes) < limit) connection.statement("delete from blob_contents where id = ?").run(due.id);
  return true;
}
