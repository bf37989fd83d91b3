/** better-sqlite3 without Persist: the same file, tables and pragmas, with every column kept up as Persist keeps it, by prepared statements in autocommit. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createStore } from "@cuitty/persist";
import Database from "better-sqlite3";
import type { ContenderKind } from "../contender.ts";

export const byHand: ContenderKind = {
  name: "better-sqlite3",
  settings: {
    relaxed: "tables and pragmas of Persist (journal_mode = wal, synchronous = normal), autocommit",
    full: "tables and pragmas of Persist (journal_mode = wal, synchronous = full), autocommit",
  },
  async open(folder, durability) {
    const path = join(folder, "by-hand.db");
    const pragmas = await makeTables(path, durability);
    const db = new Database(path);
    for (const [name, value] of pragmas) db.pragma(`${name} = ${value}`);

    const select = db.prepare(
      "select value from kv where namespace = '' and key = ? and (expires_at is null or expires_at > ?)",
    );
    const selectRange = db.prepare(
      `select key, version, value from kv
       where namespace = '' and key >= ? and key < ? and (expires_at is null or expires_at > ?) order by key`,
    );
    const upsert = db.prepare(
      `insert into kv (namespace, key, version, updated_at, seq, value) values ('', ?, ?, ?, ?, ?)
       on conflict (namespace, key) do update set version = excluded.version, updated_at = excluded.updated_at,
         expires_at = excluded.expires_at, seq = excluded.seq, value = excluded.value`,
    );
    const remove = db.prepare("delete from kv where namespace = '' and key = ?");
    const bury = db.prepare(
      `insert into deletions (seq, namespace, space, key, version, deleted_at, reason)
       values (?, '', 'kv', ?, ?, ?, 'deleted')`,
    );
    const lastSeq = db.prepare(
      "select max(seq) from (select max(seq) as seq from kv union all select max(seq) from deletions)",
    );
    let seq = Number(lastSeq.pluck().get());
    const writer = randomBytes(8).toString("hex");
    const removeAndBury = db.transaction((key: string) => {
      if (remove.run(key).changes === 0) return false;
      seq++;
      bury.run(seq, key, `${writer}-${seq}`, Date.now());
      return true;
    });

    return {
      get(key) {
        const row = select.get(key, Date.now()) as { value: string } | undefined;
        return row === undefined ? undefined : JSON.parse(row.value);
      },
      set(key, value) {
        seq++;
        const version = `${writer}-${seq}`;
        upsert.run(key, version, Date.now(), seq, JSON.stringify(value));
        return { version };
      },
      delete: (key) => removeAndBury.immediate(key),
      list(prefix) {
        const rows = selectRange.all(prefix, `${prefix}\u{10ffff}`, Date.now()) as {
          key: string;
          version: string;
          value: string;
        }[];
        return rows.map(({ key, version, value }) => ({ key, version, value: JSON.parse(value) }));
      },
      close: () => db.close(),
    };
  },
};

/** Those that change what reading and writing cost. */
const pragmaNames = [
  "journal_mode",
  "synchronous",
  "journal_size_limit",
  "wal_autocheckpoint",
  "cache_size",
  "mmap_size",
  "temp_store",
  "cell_size_check",
];

/** Lets Persist make its tables, and answers its pragmas: asked for, so that they can never differ. */
async function makeTables(
  path: string,
  durability: "relaxed" | "full",
): Promise<readonly (readonly [string, unknown])[]> {
  await using store = await createStore({ name: "bench", path, durability });
  const db = store.raw<Database.Database>();
  return pragmaNames.map((name) => [name, db.pragma(name, { simple: true })] as const);
}
