/** A file that was the SQLite adapter's until now: all that is in it becomes this peer's own writing. */
import { setCount } from "./authors.ts";
import { findBytesOf, rememberContent } from "./contents.ts";
import { type ReplicatedSpace, writeLine } from "./lines.ts";
import type { ReplicaParts } from "./parts.ts";
import { readSetting, writeSetting } from "./settings.ts";

const spaces: readonly ReplicatedSpace[] = ["records", "kv", "blobs"];
const adoptedKey = "replica_adopted";

interface PresentRow {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  readonly version: string;
  readonly expires_at: number | null;
  readonly content: number | null;
}

/** Inside a write transaction. Once for each file. */
export function adoptRows(parts: ReplicaParts): void {
  const { connection } = parts;
  if (readSetting(connection, adoptedKey) !== undefined) return;
  writeSetting(connection, adoptedKey, "1");
  for (const space of spaces) adoptSpace(parts, space);
  adoptEvents(parts);
}

function adoptSpace({ connection, clock }: ReplicaParts, space: ReplicatedSpace): void {
  const content = space === "blobs" ? "content" : "null as content";
  const rows = connection
    .statement(`select namespace, key, value, version, expires_at, ${content} from ${space}`)
    .all() as PresentRow[];
  for (const { namespace, key, value, version, expires_at, content } of rows) {
    const bytes = content === null ? undefined : findBytesOf(value);
    if (space === "blobs" && bytes === undefined) continue;
    const stamp = clock.tick();
    const name = { namespace, space, key };
    const expiresAt = expires_at ?? undefined;
    const state = { stamp, value, version, expiresAt, createdAt: 0, updatedAt: 0 }; // the times stand in the row
    writeLine(connection, name, state, { seq: connection.nextSeq(), via: null });
    if (bytes !== undefined) rememberContent(connection, bytes, String(content));
  }
}

function adoptEvents({ connection, clock, author }: ReplicaParts): void {
  const events = connection
    .statement("select namespace, stream, position from events order by namespace, position")
    .all() as { namespace: string; stream: string; position: number }[];
  const insert = connection.statement(
    "insert into replica_events (author, number, namespace, stream, position, stamp, seq, via) values (?, ?, ?, ?, ?, ?, ?, null)",
  );
  for (const [i, { namespace, stream, position }] of events.entries()) {
    insert.run(author.id, i + 1, namespace, stream, position, clock.tick(), connection.nextSeq());
  }
  setCount(connection, author.id, events.length);
}
