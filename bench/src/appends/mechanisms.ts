/** Ways to append to a log in Postgres: Persist's, and others by hand, each as simple as it can be. */
import postgres, { type Sql } from "postgres";
import { openStore } from "../contenders/postgres/persist.ts";

export interface Appender {
  /** Appends one event, for this writer. Resolves when it is acknowledged. */
  append(writer: number): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface Mechanism {
  readonly what: string;
  /** Makes what appenders need. */
  make(url: string): Promise<void>;
  open(url: string): Promise<Appender>;
  /** The positions that are stored, in order. */
  positions(sql: Sql): Promise<readonly number[]>;
  /** Whether no position may be missing. */
  readonly dense: boolean;
}

const data = { order: 4711, customer: "Customer number 17", items: ["bread", "butter"], total: 12.5 };
const text = JSON.stringify(data);

interface ByHand {
  readonly what: string;
  readonly tables: string;
  readonly insert: (sql: Sql) => Promise<unknown>;
  readonly dense: boolean;
}

function byHand({ what, tables, insert, dense }: ByHand): Mechanism {
  return {
    what,
    dense,
    make: (url) => once(url, (sql) => sql.unsafe(tables)),
    async open(url) {
      const sql = postgres(url, { max: 10 });
      return { append: () => insert(sql), close: () => sql.end() };
    },
    positions: async (sql) =>
      (await sql`select position::float8 from log order by position`).map(({ position }) => position),
  };
}

async function once(url: string, work: (sql: Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1 });
  await work(sql);
  await sql.end();
}

export const mechanisms = {
  persist: {
    what: "events.append, each writer to a stream of its own",
    dense: true,
    make: async (url) => await (await openStore(url)).close(),
    async open(url) {
      const store = await openStore(url);
      return {
        append: (writer) => store.events.append(`stream-${writer}`, { type: "ordered", data }),
        close: () => store.close(),
      };
    },
    positions: async (sql) =>
      (await sql`select position::float8 from persist.events order by position`).map(({ position }) => position),
  },
  naive: byHand({
    what: "an insert with a bigserial; readers skip what commits out of order",
    tables: "create table log (position bigserial primary key, data text not null)",
    insert: (sql) => sql`insert into log (data) values (${text}) returning position`,
    dense: false,
  }),
  "counter row": byHand({
    what: "a row with the last position, updated by each append",
    tables: `
      create table head (position bigint not null);
      insert into head values (0);
      create table log (position bigint primary key, data text not null)`,
    insert: (sql) => sql`with next as (update head set position = position + 1 returning position)
      insert into log (position, data) select position, ${text} from next returning position`,
    dense: true,
  }),
  "advisory lock": byHand({
    what: "a lock until the commit, then a bigserial; a rollback leaves a hole",
    tables: "create table log (position bigserial primary key, data text not null)",
    insert: (sql) => sql`with locked as materialized (select pg_advisory_xact_lock(1))
      insert into log (data) select ${text} from locked returning position`,
    dense: false,
  }),
  "advisory lock, dense": byHand({
    what: "a function that locks, and then reads the head: what Persist does, without all that it keeps besides",
    tables: `
      create table log (position bigint primary key, data text not null);
      create function append(data text) returns bigint language plpgsql as $$
      declare
        last bigint;
      begin
        perform pg_advisory_xact_lock(1);
        select coalesce(max(position), 0) into last from log;
        insert into log (position, data) values (last + 1, data);
        return last + 1;
      end $$`,
    insert: (sql) => sql`select append(${text})`,
    dense: true,
  }),
  xid8: byHand({
    what: "an insert with a bigserial and the transaction's number; readers wait for the oldest transaction of the cluster",
    tables: `
      create table log (position bigserial primary key, xact xid8 not null default pg_current_xact_id(), data text not null);
      create index on log (xact, position)`,
    insert: (sql) => sql`insert into log (data) values (${text}) returning position`,
    dense: false,
  }),
} as const satisfies Readonly<Record<string, Mechanism>>;

export type MechanismName = keyof typeof mechanisms;
