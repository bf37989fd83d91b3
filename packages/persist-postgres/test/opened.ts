/** What tests work with: a connection to a database of their own, its scope and its bytes. */
import { type Bytes, createSweeper, type EngineOptions, type PutOp, type Row } from "@cuitty/persist-core";
import { onTestFinished } from "vitest";
import { createBytes } from "../src/bytes.ts";
import { commitLists } from "../src/commit.ts";
import type { Connection } from "../src/connection.ts";
import { open } from "../src/open.ts";
import { parseOptions } from "../src/options.ts";
import { readRows } from "../src/rows.ts";
import { findScope } from "../src/scopes.ts";

export interface OpenedScope {
  readonly connection: Connection;
  readonly scope: number;
  readonly bytes: Bytes;
  /** Statements of the test's own. `s` is the schema. */
  sql<Row = Record<string, unknown>>(text: string, params?: readonly (string | number)[]): Promise<Row[]>;
}

/** Closed after the test. Nothing is swept by itself. */
export async function openScope(url: string): Promise<OpenedScope> {
  const { connection, close } = await open(parseOptions({ url, schema: "s" }));
  onTestFinished(close);
  const scope = await findScope(connection, { name: "test", namespace: "" }, at(0));
  const sweeper = createSweeper(() => ({ more: false }));
  return {
    connection,
    scope,
    bytes: createBytes(connection, sweeper),
    sql: (text, params = []) => connection.write(at(0), text, params),
  };
}

/** Options of a call at this time, with a minute to spare. */
export function at(now: number, more: Partial<EngineOptions> = {}): EngineOptions {
  return { now, deadline: performance.now() + 60_000, ...more };
}

let writes = 0;

export async function put(
  { connection, scope }: OpenedScope,
  space: PutOp["space"],
  key: string,
  more: Partial<PutOp> = {},
): Promise<boolean> {
  const op: PutOp = { op: "put", space, key, value: "{}", version: `w${++writes}`, ...more };
  const [result] = await commitLists(connection, scope, [[op]], at(1000));
  return result?.outcome === "applied";
}

export async function remove({ connection, scope }: OpenedScope, space: PutOp["space"], key: string): Promise<void> {
  await commitLists(connection, scope, [[{ op: "delete", space, key, version: `w${++writes}` }]], at(1000));
}

export async function readBlob({ connection, scope }: OpenedScope, key: string): Promise<Row | undefined> {
  const statement = <R>(text: string, params: Parameters<Connection["read"]>[2]) =>
    connection.read<R>(at(1000), text, params);
  return (await readRows(connection, statement, scope, "blobs", [key], 1000))[0];
}

/** Bytes that are different at every place. */
export function bytesOf(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + (i >> 16) + seed) & 0xff);
}

export async function* inPieces(bytes: Uint8Array, size = 100_000): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A row with this content. */
export function rowWith(content: string): Row {
  return { key: "k", value: "{}", version: "1", createdAt: 0, updatedAt: 0, content };
}

export async function load({ bytes }: OpenedScope, row: Row, offset = 0, length = Number.MAX_SAFE_INTEGER) {
  const parts: Uint8Array[] = [];
  for await (const part of bytes.open(row, { offset, length }, at(1000))) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

export async function store(opened: OpenedScope, key: string, bytes: Uint8Array): Promise<Row> {
  const { token } = await opened.bytes.stage(inPieces(bytes), at(1000));
  await put(opened, "blobs", key, { content: token });
  return (await readBlob(opened, key)) as Row;
}
