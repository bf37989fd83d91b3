/**
 * The contents of blobs, in chunks. A content belongs to the blobs that name it; one that no blob names is kept until `free_at`: a staged one for a day, so that its
 * upload can end, a released one for ten minutes, so that whoever reads it can go on. These are times of the server and not of the store's clock, which may be a test's.
 *
 * Bytes travel as base64, both ways: postgres.js sends a bytea as hex, which is half as much again on the wire, and takes more of the processor on this side.
 */
import { type Connection, type Patience, perSchema } from "./connection.ts";

/** Of every chunk but the last, in bytes. */
export const chunkBytes: number = 256 * 1024;

/** In milliseconds. */
const stagedFor = 24 * 60 * 60 * 1000;

/** A token as it is in the table's `id`; as text, because the numbers are of 64 bits. */
export type ContentId = string;

export interface Slice {
  /** Of all of the content, in bytes. */
  readonly size: number;
  /** Its time has come, so that chunks may be gone. */
  readonly isFreed: boolean;
  /** What there is of the chunks that were asked for, in order. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
}

const texts = perSchema((s) => {
  const renewed = `${s}.server_time() + ${stagedFor}`;
  // The part is decoded once and not for each of its chunks.
  const write = (content: string, params: { part: string; first: string; last: string }) => `
    with part as materialized (select decode(${params.part}::text, 'base64') as bytes),
    content as (${content}),
    chunks as (
      insert into ${s}.blob_chunks (content, n, bytes)
      select content.id, n, substring(part.bytes from (n - ${params.first}::integer) * ${chunkBytes} + 1 for ${chunkBytes})
      from content, part, generate_series(${params.first}::integer, ${params.last}::integer) n
      on conflict (content, n) do update set bytes = excluded.bytes
    )
    select id::text as id from content`;
  return {
    begin: write(`insert into ${s}.blob_contents (size, free_at) values ($2::bigint, ${renewed}) returning id`, {
      part: "$1",
      first: "0",
      last: "$3",
    }),
    extend: write(
      `update ${s}.blob_contents set size = $2::bigint, free_at = ${renewed}
       where id = $4::bigint and size = $5::bigint and free_at > ${s}.server_time() returning id`,
      { part: "$1", first: "$6", last: "$3" },
    ),
    renew: `update ${s}.blob_contents set free_at = ${renewed} where id = $1::bigint and free_at > ${s}.server_time() returning 1`,
    staged: `select size::float8 as size from ${s}.blob_contents where id = $1::bigint and free_at > ${s}.server_time()`,
    attachable: `select 1 from ${s}.blob_contents where id = $1::bigint and (free_at is null or free_at > ${s}.server_time())`,
    discard: `update ${s}.blob_contents set free_at = 0 where id = $1::bigint and free_at is not null`,
    // Of a chunk, only what is wanted is taken from the disk.
    slice: `
      select c.size::float8 as size, coalesce(c.free_at <= ${s}.server_time(), false) as "isFreed",
        encode(substring(k.bytes from skipped + 1 for least($3::bigint - place, ${chunkBytes})::integer - skipped), 'base64') as bytes
      from ${s}.blob_contents c
      left join ${s}.blob_chunks k on k.content = c.id and k.n >= $2::bigint / ${chunkBytes} and k.n < ($3::bigint + ${chunkBytes - 1}) / ${chunkBytes}
      left join lateral (select k.n::bigint * ${chunkBytes} as place) p on true
      left join lateral (select greatest($2::bigint - place, 0)::integer as skipped) q on true
      where c.id = $1::bigint
      order by k.n`,
  };
});

/** Stages a new content that begins with the part. Each write is a statement of its own, so that it is there with all of its chunks or not at all. */
export async function beginContent(connection: Connection, o: Patience, part: Uint8Array): Promise<ContentId> {
  const params = [base64(part), part.length, chunksOf(part) - 1];
  const [row] = await connection.write<{ id: ContentId }>(o, texts(connection).begin, params);
  return (row as { id: ContentId }).id;
}

export interface Extension {
  readonly content: ContentId;
  /** Where the part stands, at the beginning of a chunk. */
  readonly offset: number;
  readonly part: Uint8Array;
  /** The size that the content has before. */
  readonly from: number;
}

/** Ends a staged content with the part. Whether it did: not where the content has another size, or is not staged any more. */
export async function extendContent(connection: Connection, o: Patience, e: Extension): Promise<boolean> {
  const first = e.offset / chunkBytes;
  const size = e.offset + e.part.length;
  const params = [base64(e.part), size, first + chunksOf(e.part) - 1, e.content, e.from, first];
  return (await connection.write(o, texts(connection).extend, params)).length > 0;
}

/** Keeps a staged content for another day. Whether it did: not where it is not staged any more. */
export async function renewContent(connection: Connection, o: Patience, content: ContentId): Promise<boolean> {
  return (await connection.write(o, texts(connection).renew, [content])).length > 0;
}

/** The size of the content, where it is waiting for its row. */
export async function readStagedSize(
  connection: Connection,
  o: Patience,
  content: ContentId,
): Promise<number | undefined> {
  const [row] = await connection.read<{ size: number }>(o, texts(connection).staged, [content]);
  return row?.size;
}

/** Whether a row may be given the content: else it is being freed, or is gone. */
export async function mayAttach(connection: Connection, o: Patience, content: ContentId): Promise<boolean> {
  return (await connection.read(o, texts(connection).attachable, [content])).length > 0;
}

/** Gives a staged content up: its time has come. */
export async function discardContent(connection: Connection, o: Patience, content: ContentId): Promise<void> {
  await connection.write(o, texts(connection).discard, [content]);
}

/** The bytes from `start` to before `end`, as far as they are there; `undefined` where the content is not. */
export async function readSlice(
  connection: Connection,
  o: Patience,
  content: ContentId,
  start: number,
  end: number,
): Promise<Slice | undefined> {
  type SliceRow = Pick<Slice, "size" | "isFreed"> & { bytes: string | null };
  const rows = await connection.read<SliceRow>(o, texts(connection).slice, [content, start, end]);
  const [content_] = rows;
  if (content_ === undefined) return undefined;
  const chunks = rows.flatMap(({ bytes }) => (bytes === null ? [] : [fromBase64(bytes)]));
  return { size: content_.size, isFreed: content_.isFreed, chunks };
}

function chunksOf(part: Uint8Array): number {
  return Math.ceil(part.length / chunkBytes);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** A plain array: the methods of a Buffer differ. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text, "base64");
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
