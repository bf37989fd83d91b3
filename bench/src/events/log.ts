/** A log of events that can be appended to and read: Persist's, and one by hand over the same tables. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createStore, type Store } from "@cuitty/persist";
import Database from "better-sqlite3";

export type Durability = "relaxed" | "full";

export interface Appended {
  readonly position: number;
  readonly data: unknown;
}

export interface Log {
  readonly name: string;
  append(data: unknown): unknown;
  /** The events after a position that are there, one by one; it may end there or wait for more. */
  follow(after: number): AsyncIterable<Appended> | Iterable<Appended>;
  close(): Promise<void>;
}

export const stream = "bench";
const pageSize = 500;

export async function openPersistLog(folder: string, durability: Durability): Promise<Log & { readonly store: Store }> {
  const store = await createStore({ name: "bench", path: join(folder, "persist.db"), durability });
  return {
    name: "persist",
    store,
    append: (data) => store.events.append(stream, { type: "happened", data }),
    follow: (after) => store.events.subscribe({ after }),
    close: () => store.close(),
  };
}

/** Prepared statements; each append is a transaction of its own, and keeps up what Persist keeps up. */
export async function openLogByHand(folder: string, durability: Durability): Promise<Log> {
  const path = join(folder, "by-hand.db");
  await (await createStore({ name: "bench", path, durability })).close(); // makes the tables
  const db = new Database(path);
  db.pragma("journal_mode = wal");
  db.pragma(`synchronous = ${durability === "full" ? "full" : "normal"}`);
  const insert = db.prepare(
    `insert into events (namespace, position, stream, version, id, time, type, data)
     values ('', ?, ?, ?, ?, ?, 'happened', ?)`,
  );
  const upsert = db.prepare(
    `insert into streams (namespace, stream, version, position, first, erased, created_at, updated_at, seq)
     values ('', ?, ?, ?, 1, 0, ?, ?, ?)
     on conflict (namespace, stream) do update set version = excluded.version, position = excluded.position,
       updated_at = excluded.updated_at, seq = excluded.seq`,
  );
  let position = db.prepare("select coalesce(max(position), 0) from events").pluck().get() as number;
  const append = db.transaction((data: string) => {
    const time = Date.now();
    position++;
    insert.run(position, stream, position, randomUUID(), time, data);
    upsert.run(stream, position, position, time, time, position);
  });
  const selectPage = selectEvents(db);
  return {
    name: "better-sqlite3",
    append: (data) => append.immediate(JSON.stringify(data)),
    *follow(after) {
      for (let last = after; ; ) {
        const page = selectPage(last);
        yield* page;
        if (page.length < pageSize) return;
        last = page.at(-1)?.position as number;
      }
    },
    close: async () => void db.close(),
  };
}

/** A page of whole events after a position. */
export function selectEvents(db: Database.Database): (after: number) => Appended[] {
  const select = db.prepare(
    `select id, stream, version, position, time, type, tags, metadata, data from events
     where namespace = '' and position > ? order by position limit ${pageSize}`,
  );
  return (after) => {
    const rows = select.all(after) as { position: number; data: string; time: number; tags: string | null }[];
    return rows.map((row) => ({
      ...row,
      data: JSON.parse(row.data),
      time: new Date(row.time),
      tags: row.tags === null ? [] : JSON.parse(row.tags),
    }));
  };
}
