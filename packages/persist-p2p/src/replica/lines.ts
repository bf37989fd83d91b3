/** The line of a row in the replication log, and the state that line and row make together. */
import { Buffer } from "node:buffer";
import { decode as decodeValue, encode as encodeValue } from "@cuitty/persist-core";
import { type Connection, readRow } from "@cuitty/persist-sqlite/host";
import type { Cell } from "../state/cells.ts";
import type { RowState } from "../state/row-state.ts";
import { stampTime } from "../state/stamp.ts";
import { removalsKeptFor } from "./schema.ts";
import type { Proof } from "./signing.ts";

export type ReplicatedSpace = "records" | "kv" | "blobs";

/** Which row it is of. */
export interface RowName {
  readonly namespace: string;
  readonly space: ReplicatedSpace;
  readonly key: string;
}

export interface Line {
  /** `null`: not calculated yet. */
  readonly id: Uint8Array | null;
  readonly namespace: string;
  readonly space: ReplicatedSpace | "streams";
  readonly key: string;
  readonly seq: number;
  readonly stamp: Uint8Array;
  /** `null`: not calculated yet. */
  readonly mark: Uint8Array | null;
  readonly via: number | null;
  readonly version: string | null;
  readonly expires_at: number | null;
  readonly document: Uint8Array | null;
  readonly cells: string | null;
  readonly base: string | null;
  readonly expiry: Uint8Array | null;
  /** `null`: not signed yet. */
  readonly proof: Proof | null;
}

export const lineColumns =
  "id, namespace, space, key, seq, stamp, mark, via, version, expires_at, document, cells, base, expiry, proof";

/** Which line it is of. */
export type LineName = Pick<Line, "namespace" | "space" | "key">;

export function readLine(connection: Connection, { namespace, space, key }: LineName): Line | undefined {
  return connection
    .statement(`select ${lineColumns} from replica_rows where namespace = ? and space = ? and key = ?`)
    .get(namespace, space, key) as Line | undefined;
}

/** The line with this number. */
export function lineOf(connection: Connection, line: number): Line {
  return connection.statement(`select ${lineColumns} from replica_rows where line = ?`).get(line) as Line;
}

/** The state of the row, expired or not. One that has expired and was swept has no value any more, as a tombstone has none; its expiry tells which it is. */
export function stateOf(connection: Connection, line: Line): RowState {
  const { space, namespace, key, stamp } = line;
  const row = readRow(connection, namespace, space, key, 0); // at that time nothing had expired
  const times = stampTime(stamp);
  return {
    stamp,
    value: row?.value,
    version: row?.version ?? line.version ?? "",
    expiresAt: line.expires_at ?? undefined,
    createdAt: row?.createdAt ?? times,
    updatedAt: row?.updatedAt ?? times,
    ...(line.document === null ? {} : { document: line.document }),
    ...(line.cells === null ? {} : { cells: parseCells(line.cells), base: line.base ?? undefined }),
    ...(line.expiry === null ? {} : { expiry: { stamp: line.expiry, at: line.expires_at ?? undefined } }),
  };
}

/** Inside a write transaction. */
export function writeLine(
  connection: Connection,
  { namespace, space, key }: RowName,
  state: RowState,
  o: { readonly seq: number; readonly via: number | null; readonly proof?: Proof | null },
): void {
  const { stamp, value, version, expiresAt, document, cells, base, expiry } = state;
  connection
    .statement(
      `insert into replica_rows (namespace, space, key, seq, stamp, via, version, expires_at, document, cells, base, expiry, forget_at, proof)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (namespace, space, key) do update set seq = excluded.seq, stamp = excluded.stamp, mark = null, via = excluded.via, version = excluded.version,
         expires_at = excluded.expires_at, document = excluded.document, cells = excluded.cells, base = excluded.base, expiry = excluded.expiry,
         forget_at = excluded.forget_at, proof = excluded.proof`,
    )
    .run(
      namespace,
      space,
      key,
      o.seq,
      stamp,
      o.via,
      value === undefined ? version : null,
      expiresAt ?? null,
      document ?? null,
      cells === undefined ? null : formatCells(cells),
      base ?? null,
      expiry?.stamp ?? null,
      forgetAt(state),
      o.proof ?? null,
    );
}

export function forgetAt({ value, stamp, expiresAt }: Pick<RowState, "value" | "stamp" | "expiresAt">): number | null {
  if (expiresAt !== undefined) return expiresAt + removalsKeptFor;
  return value === undefined ? stampTime(stamp) + removalsKeptFor : null;
}

/** Whether the state was written over by nothing, and is there at this time. */
export function isLive({ value, expiresAt }: RowState, now: number): boolean {
  return value !== undefined && (expiresAt === undefined || expiresAt > now);
}

type StoredCell = [writer: string, count: number, sum: number, running: number];

function formatCells(cells: readonly Cell[]): string {
  return encodeValue(
    cells.map(
      ({ writer, count, sum, running }): StoredCell => [Buffer.from(writer).toString("hex"), count, sum, running],
    ),
  );
}

export function parseCells(text: string): readonly Cell[] {
  return (decodeValue(text) as StoredCell[]).map(([writer, count, sum, running]) => ({
    writer: Buffer.from(writer, "hex"),
    count,
    sum,
    running,
  }));
}
