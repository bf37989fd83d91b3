/** Events in the replication log: each author's own log, by number, beside this peer's order of all. */
import type { Answer, AppendOp } from "@cuitty/persist-core";
import { append, appendErased, type Connection, eraseVersions, vacate } from "@cuitty/persist-sqlite/host";
import { compareStamps } from "../state/stamp.ts";
import type { Item } from "../sync/replica.ts";
import type { Authority } from "./authority.ts";
import { authorId, countOf, readVector, setCount } from "./authors.ts";
import { erasedUpTo } from "./erasures.ts";
import { type EventContent, type EventItem, encodeEvent, eventId } from "./event-item.ts";
import { sealedEvent } from "./event-proofs.ts";
import type { ItemParts, ReplicaParts } from "./parts.ts";
import { digestIn, type Proof } from "./signing.ts";

interface CommitPlace {
  readonly namespace: string;
  readonly seq: number;
}

/** Inside a write transaction, after the append. */
export function logAppend(
  { connection, clock, author }: ReplicaParts,
  { namespace, seq }: CommitPlace,
  op: AppendOp,
  { appended }: Answer,
): void {
  if (appended === undefined || appended.duplicate) return;
  const stamp = clock.tick();
  const first = appended.position - op.events.length + 1;
  const count = countOf(connection, author.id);
  for (const i of op.events.keys()) {
    const number = count + i + 1;
    const position = first + i;
    writeEvent(connection, {
      author: author.id,
      number,
      namespace,
      stream: op.stream,
      position,
      id: null,
      stamp,
      seq,
      via: null,
      proof: null,
    });
  }
  setCount(connection, author.id, count + op.events.length);
}

export interface EventOrigin {
  readonly seq: number;
  readonly via: number;
  readonly now: number;
}

/** What an event from elsewhere did. */
export type EventOutcome = "stored" | "known" | "gap";

/** Inside a write transaction. */
export function storeEvent(
  { connection, clock }: ReplicaParts,
  item: EventItem,
  origin: EventOrigin,
  proof: Proof | null,
): EventOutcome {
  const author = authorId(connection, item.author);
  const count = countOf(connection, author);
  if (item.number <= count) return "known";
  if (item.number > count + 1) return "gap";
  clock.observe(item.stamp);
  const { namespace, stream, stamp, number } = item;
  const position = place(connection, author, item, origin.now);
  const id = position === null ? item.id : null;
  const { seq, via } = origin;
  writeEvent(connection, { author, number, namespace, stream, position, id, stamp, seq, via, proof });
  setCount(connection, author, number);
  return "stored";
}

/**
 * Gives the event its place in this peer's order; `null` where it gets none. An id stands once in a stream, and the earliest event that has it stands for all, whether it is erased or not: so the same
 * one does on every peer, whichever came first.
 */
function place(connection: Connection, author: number, item: EventItem, now: number): number | null {
  const { namespace, stream, id, content, number } = item;
  const holder = findById(connection, namespace, stream, id);
  const order = holder === undefined ? 1 : compareStamps(holder.stamp, item.stamp);
  if (order < 0) return null;
  const isErased = content === undefined || number <= erasedUpTo(connection, namespace, stream, author);
  if (holder !== undefined) {
    if (order === 0) {
      // The same event, which was moved to another log meanwhile, and stands in both.
      if (isErased) eraseVersions(connection, namespace, stream, [holder.version], now);
      return holder.position;
    }
    displace(connection, namespace, stream, id, holder, now);
  }
  if (isErased) return appendErased(connection, namespace, stream, id, now).position;
  const { time, ...event } = content;
  return append(connection, namespace, { stream, events: [{ id, ...event }] }, now, time).position;
}

interface Holder {
  readonly version: number;
  readonly position: number;
  readonly stamp: Uint8Array;
}

function findById(connection: Connection, namespace: string, stream: string, id: string): Holder | undefined {
  return connection
    .statement(
      `select e.version, e.position, r.stamp from events e
       join replica_events r on r.namespace = e.namespace and r.position = e.position
       where e.namespace = ? and e.stream = ? and e.id = ?`,
    )
    .get(namespace, stream, id) as Holder | undefined;
}

/** Its place stays empty: the event that has the id now gets one at the end, so that each author's events stand in that author's order. */
function displace(
  connection: Connection,
  namespace: string,
  stream: string,
  id: string,
  { version, position }: Holder,
  now: number,
): void {
  vacate(connection, namespace, stream, version, now);
  connection
    .statement("update replica_events set position = null, id = ? where namespace = ? and position = ?")
    .run(id, namespace, position);
}

interface StoredLine {
  readonly author: number;
  readonly number: number;
  readonly namespace: string;
  readonly stream: string;
  readonly position: number | null;
  readonly id: string | null;
  readonly stamp: Uint8Array;
  readonly seq: number;
  readonly via: number | null;
  readonly proof: Proof | null;
}

function writeEvent(connection: Connection, line: StoredLine): void {
  const { author, number, namespace, stream, position, id, stamp, seq, via, proof } = line;
  connection
    .statement(
      "insert into replica_events (author, number, namespace, stream, position, id, stamp, seq, via, proof) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(author, number, namespace, stream, position, id, stamp, seq, via, proof);
}

// ── as items ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What {@link toEventItem} needs of the tables, from `r`, `a` and `e`. */
export const eventItemSql = {
  columns:
    "a.author, r.number, r.stamp, r.namespace, r.stream, coalesce(r.id, e.id) as id, e.time, e.type, e.tags, e.data, e.metadata, r.seq, r.via, r.proof",
  from: `replica_events r cross join replica_authors a on a.id = r.author
    left join events e on e.namespace = r.namespace and e.position = r.position`,
  /** Those that were read from others are without their contents. */
  fromOwn: `replica_events r cross join replica_authors a on a.id = r.author
    left join events e on r.via is null and e.namespace = r.namespace and e.position = r.position`,
};

export interface EventItemRow {
  readonly author: Uint8Array;
  readonly number: number;
  readonly stamp: Uint8Array;
  readonly namespace: string;
  readonly stream: string;
  readonly id: string;
  readonly time: number | null;
  readonly type: string | null;
  readonly tags: string | null;
  readonly data: string | null;
  readonly metadata: string | null;
  readonly seq: number;
  readonly via: number | null;
  readonly proof: Proof | null;
}

/** `undefined`: it stands in another member's log, and that member's signature is not here. */
export function toEventItem(authority: Authority | undefined, row: EventItemRow): Item | undefined {
  const item = eventItemOf(row, authority);
  const body = authority === undefined ? encodeEvent(item) : sealedEvent(authority, item, row.proof);
  return body && { kind: "event", id: eventId(item), mark: new Uint8Array(0), body };
}

export function eventItemOf(row: EventItemRow, authority: Authority | undefined): EventItem {
  const { author, number, stamp, namespace, stream, id, proof } = row;
  const content = contentOf(row);
  const isLeftOut = content === undefined && authority !== undefined && proof !== null;
  const contentDigest = isLeftOut ? digestIn(proof) : undefined;
  return { author, number, stamp, namespace, stream, id, content, contentDigest };
}

function contentOf({ type, tags, data, metadata, time }: EventItemRow): EventContent | undefined {
  if (type === null || time === null) return undefined;
  const list = tags === null ? [] : (JSON.parse(tags) as string[]);
  return { time, type, tags: list, data: data ?? "", ...(metadata === null ? {} : { metadata }) };
}

/** Events of each author after the number that the vector has for it, in order, up to a place, as many as fit in `bytes`. */
export function eventsAfter(
  { connection, authority }: ItemParts,
  vector: ReadonlyMap<string, number>,
  bytes: number,
  upTo: number,
): { readonly items: readonly Item[]; readonly more: boolean } {
  const items: Item[] = [];
  let size = 0;
  authors: for (const [author, count] of readVector(connection)) {
    const page = connection.statement(
      `select ${eventItemSql.columns} from ${eventItemSql.from}
       where r.author = (select id from replica_authors where author = unhex(?)) and r.number > ? order by r.number limit 100`,
    );
    for (let from = vector.get(author) ?? 0; from < count; ) {
      const rows = page.all(author, from) as EventItemRow[];
      for (const row of rows) {
        if (row.seq > upTo) continue authors;
        if (size >= bytes) return { items, more: true };
        const item = toEventItem(authority, row);
        if (item === undefined) continue authors; // nor can those after it be used
        items.push(item);
        size += item.body.length;
        from = row.number;
      }
      if (rows.length === 0) break;
    }
  }
  return { items, more: false };
}
