/**
 * What was erased of a stream: for each author, up to which number. It is a line of the replication log, in the space `streams`; of two of them each author's greater number counts. So every peer
 * erases the events that were known where somebody erased, in whatever place they stand here.
 */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { checkKey } from "@cuitty/persist-core";
import { type Connection, eraseVersions, readHead } from "@cuitty/persist-sqlite/host";
import { fromCbor, toCbor } from "../drivers/cbor.ts";
import { markBytes } from "../state/row-state.ts";
import { ReplicaRefusal } from "../sync/replica.ts";
import { authorId } from "./authors.ts";
import { authorBytes } from "./event-item.ts";
import { readLine } from "./lines.ts";
import type { ReplicaParts } from "./parts.ts";
import type { Proof } from "./signing.ts";

/** By author, in hex: events with a number up to this are erased. */
type Erased = ReadonlyMap<string, number>;

export interface Erasure {
  readonly namespace: string;
  readonly stream: string;
  readonly erased: Erased;
}

interface Origin {
  readonly seq: number;
  readonly via: number | null;
}

/** Inside a write transaction, after the stream's events below the version were erased. */
export function logErasure(
  { connection }: ReplicaParts,
  { namespace, seq }: { readonly namespace: string; readonly seq: number },
  stream: string,
  before: number,
): void {
  const rows = connection
    .statement(
      `select lower(hex(a.author)) as author, max(r.number) as number from events e
       join replica_events r on r.namespace = e.namespace and r.position = e.position
       join replica_authors a on a.id = r.author
       where e.namespace = ? and e.stream = ? and e.version < ? group by a.author`,
    )
    .all(namespace, stream, before) as { author: string; number: number }[];
  const erased = new Map(rows.map(({ author, number }) => [author, number]));
  writeErased(
    connection,
    { namespace, stream, erased: union(readErased(connection, namespace, stream), erased) },
    { seq, via: null, proof: null },
  );
}

/** Inside a write transaction. Whether it told anything new. */
export function storeErasure(
  { connection }: ReplicaParts,
  { namespace, stream, erased }: Erasure,
  origin: Origin & { readonly now: number },
  proof: Proof | null,
): boolean {
  const before = readErased(connection, namespace, stream);
  const after = union(before, erased);
  if ([...after].every(([author, number]) => before.get(author) === number)) return false;
  for (const [author, number] of after) {
    eraseHere(connection, namespace, stream, author, { from: before.get(author) ?? 0, to: number, now: origin.now });
  }
  // What was made of both is no longer what the peer has, nor what it has signed.
  const isTheirs = [...after].every(([author, number]) => erased.get(author) === number);
  const { seq, via } = origin;
  const line = isTheirs ? { seq, via, proof } : { seq, via: null, proof: null };
  writeErased(connection, { namespace, stream, erased: after }, line);
  return true;
}

function eraseHere(
  connection: Connection,
  namespace: string,
  stream: string,
  author: string,
  { from, to, now }: { readonly from: number; readonly to: number; readonly now: number },
): void {
  if (from >= to || readHead(connection, namespace, stream) === undefined) return;
  const versions = connection
    .statement(
      `select e.version from replica_events r join events e on e.namespace = r.namespace and e.position = r.position
       where r.author = ? and r.number > ? and r.number <= ? and r.namespace = ? and r.stream = ?`,
    )
    .all(authorId(connection, Buffer.from(author, "hex")), from, to, namespace, stream) as { version: number }[];
  eraseVersions(
    connection,
    namespace,
    stream,
    versions.map(({ version }) => version),
    now,
  );
}

/** Events of the author up to this number are erased in the stream. */
export function erasedUpTo(connection: Connection, namespace: string, stream: string, author: number): number {
  const erased = readErased(connection, namespace, stream);
  if (erased.size === 0) return 0;
  const row = connection.statement("select lower(hex(author)) as author from replica_authors where id = ?").get(author);
  return erased.get((row as { author: string }).author) ?? 0;
}

export function readErased(connection: Connection, namespace: string, stream: string): Erased {
  const line = readLine(connection, { namespace, space: "streams", key: stream });
  return new Map(line?.cells == null ? [] : (JSON.parse(line.cells) as [string, number][]));
}

function writeErased(
  connection: Connection,
  { namespace, stream, erased }: Erasure,
  { seq, via, proof }: Origin & { readonly proof: Proof | null },
): void {
  connection
    .statement(
      `insert into replica_rows (namespace, space, key, seq, stamp, via, cells, proof) values (?, 'streams', ?, ?, x'', ?, ?, ?)
       on conflict (namespace, space, key) do update set seq = excluded.seq, mark = null, via = excluded.via, cells = excluded.cells, proof = excluded.proof`,
    )
    .run(namespace, stream, seq, via, JSON.stringify(sorted(erased)), proof);
}

/** As {@link markOf}, of what the line says was erased. */
export function markOfErasure(id: Uint8Array, erased: string): Uint8Array {
  return hash("sha256", Buffer.concat([id, Buffer.from(erased)]), "buffer").subarray(0, markBytes);
}

const sorted = (erased: Erased) => [...erased].sort(([a], [b]) => (a < b ? -1 : 1));

function union(a: Erased, b: Erased): Erased {
  const all = new Map(a);
  for (const [author, number] of b) all.set(author, Math.max(number, all.get(author) ?? 0));
  return all;
}

// ── as items ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A map, where rows are lists. */
export function encodeErasure({ namespace, stream, erased }: Erasure): Uint8Array {
  return toCbor({ namespace, stream: Buffer.from(stream), erased: sorted(erased) });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const isErasure = (body: Uint8Array): boolean => (body[0] ?? 0) >> 5 === 5;

/** @throws {ReplicaRefusal} */
export function decodeErasure(body: Uint8Array): Erasure {
  try {
    const { namespace, stream: name, erased } = fromCbor(body) as Record<string, unknown>;
    const stream = utf8.decode(name as Uint8Array);
    checkKey(stream);
    if (typeof namespace === "string" && Array.isArray(erased) && erased.every(isEntry)) {
      return { namespace, stream, erased: new Map(erased) };
    }
  } catch {
    // Told below.
  }
  throw new ReplicaRefusal("An erasure of events cannot be read.");
}

function isEntry(entry: unknown): entry is [string, number] {
  if (!Array.isArray(entry) || entry.length !== 2) return false;
  const [author, number] = entry;
  return (
    typeof author === "string" &&
    /^[0-9a-f]+$/.test(author) &&
    author.length === 2 * authorBytes &&
    Number.isSafeInteger(number) &&
    number > 0
  );
}
